"""``drawbridge doctor``: a deployment is checked whole, by whoever may ask, in one Region or in all."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from drawbridge_cli import doctor as command
from drawbridge_cli import regions
from local_aws.testing.accounts import Accounts
from local_aws.testing.clock import clock
from local_aws.testing.faults import CallFault, faults
from local_aws.testing.organizations import arrange
from local_aws.testing.record import record
from local_aws.testing.server import LocalAws
from tests.builders import REPOSITORY
from tests.cli.operators import Drawbridge, Ended, Operator

ALL = [
    *("stack", "version", "clock", "roles", "functions", "tables", "workflows", "hints-mapping", "rules", "schedules"),
    *("bus", "notifications", "sweeps", "dead-letters", "alarms", "configuration", "consumers", "ledger"),
    *("managed-services", "service-linked-role", "organization", "slack", "quotas", "budgets"),
    "offer-quotas",
]


@pytest.fixture(autouse=True)
def _at_the_time_of_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this machine's clock be right: other tests have set the local AWS's forward."""
    monkeypatch.setattr(command, "now", clock.now)


def results(ended: Ended) -> dict[str, list[str]]:
    """Return the results of the checks of the one Region that was examined, by their names, in order."""
    (region,) = ended.json["regions"]
    found: dict[str, list[str]] = {}
    for each in region["checks"]:
        found.setdefault(each["name"], []).append(each["result"])
    return found


def of(ended: Ended, name: str) -> list[tuple[str, str]]:
    (region,) = ended.json["regions"]
    return [(each["result"], each["found"]) for each in region["checks"] if each["name"] == name]


def test_every_check_is_made_and_what_does_not_work_is_said_with_what_to_do(at_work: Drawbridge) -> None:
    ended = at_work("doctor")

    assert (ended.code, ended.err) == (1, "")
    lines = ended.out.splitlines()
    assert lines[0] == "drawbridge in us-east-1"
    shown = [line.split()[1].rstrip(":") for line in lines[1:-1] if not line.startswith(" ")]
    assert [*dict.fromkeys(shown)] == ALL
    # The operator of these tests has deleted the schedules and the mappings.
    assert "PROBLEM  hints-mapping: HintsMapping is gone" in lines
    assert "PROBLEM  hints-mapping: RegistrationsMapping is gone" in lines
    place = lines.index("PROBLEM  schedules: Look is gone: what no event tells is never found")
    assert lines[place + 1] == (
        "         to do: detect the stack's drift in CloudFormation, and have it made again as the template says"
    )
    assert lines[-1] == "problem: 7; warning: 4; ok: 20", ended.out


def test_for_programs_there_is_one_document(at_work: Drawbridge) -> None:
    ended = at_work("doctor", "--json")

    assert (ended.code, ended.err) == (1, "")
    assert (ended.json["result"], ended.json["without_stack"]) == ("problem", [])
    (region,) = ended.json["regions"]
    assert (region["stack"], region["region"]) == ("drawbridge", "us-east-1")
    assert [*results(ended)] == ALL
    assert {*region["checks"][0]} == {"name", "result", "found", "what_to_do"}


def test_what_is_configured_or_kept_and_broken_is_a_problem(at_work: Drawbridge, operator: Operator) -> None:
    operator.client("ssm").put_parameter(Name="/drawbridge/config/bindings/broken", Type="String", Value="{")
    operator.table("ConsumersTableName").put_item(Item={"account_id": "111111111111", "services": 3})
    operator.table("LedgerTableName").put_item(
        Item={"request_id": "share-odd", "followed": "yes", "updated_at": "2026-11-21T00:00:00+00:00"}
    )
    try:
        ended = at_work("doctor", "--json")
    finally:
        operator.client("ssm").delete_parameter(Name="/drawbridge/config/bindings/broken")
        operator.table("ConsumersTableName").delete_item(Key={"account_id": "111111111111"})
        operator.table("LedgerTableName").delete_item(Key={"request_id": "share-odd"})

    for name, words in (
        ("configuration", "binding broken: "),
        ("consumers", "the entry of 111111111111 can't be read, and is unknown: services"),
        ("ledger", "the ledger's row 'share-odd' can't be read"),
    ):
        ((result, found),) = of(ended, name)
        assert result == "problem"
        assert found.startswith(words)


def test_a_service_that_lets_everybody_in_is_a_problem(at_work: Drawbridge, operator: Operator) -> None:
    ec2 = operator.client("ec2")
    balancer = f"arn:aws:elasticloadbalancing:us-east-1:{operator.account_id}:loadbalancer/net/a/0123456789abcdef"
    made = ec2.create_vpc_endpoint_service_configuration(
        NetworkLoadBalancerArns=[balancer],
        AcceptanceRequired=False,
        TagSpecifications=[
            {"ResourceType": "vpc-endpoint-service", "Tags": [{"Key": "drawbridge:managed", "Value": "true"}]}
        ],
    )
    service = made["ServiceConfiguration"]["ServiceId"]
    try:
        ended = at_work("doctor", "--json")
    finally:
        ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[service])

    assert of(ended, "managed-services") == [
        ("problem", f"{service} requires no acceptance: whoever is allowed is connected, and no policy is asked"),
        ("warning", f"{service} does not notify of connections: they wait for the schedule"),
    ]


def test_the_organization_is_asked_through_the_role_and_never_guessed(
    at_work: Drawbridge, operator: Operator, local_aws_accounts: Accounts
) -> None:
    management = "547999999999"
    role = "DrawbridgeOrganizationReader"
    arrange(management, {operator.account_id: "workloads/prod"}, ram_sharing=True)
    iam = local_aws_accounts.person(management).client("iam")
    try:
        may = at_work("doctor", "--json")
        # Now there is such a role, and it trusts nobody here.
        trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        iam.create_role(
            RoleName=role, AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        )
        may_not = at_work("doctor", "--json")
    finally:
        arrange(management, {}, ram_sharing=False)

    ((result, found),) = of(may, "organization")
    assert (result, found.rpartition(" in ")[0]) == ("ok", f"{role} may ask who is")
    assert of(may, "organization-sharing") == [("ok", "RAM shares inside the organization without invitations")]
    ((result, found),) = of(may_not, "organization")
    assert result == "unknown"
    assert "sts:AssumeRole" in found
    assert [result for result, _ in of(may_not, "organization-sharing")] == ["unknown"]


Reader = Callable[[dict[str, Any]], Any]


@pytest.fixture
def reader(
    operator: Operator,
    local_aws: LocalAws,
    local_aws_accounts: Accounts,
    drawbridge: Drawbridge,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Reader]:
    """Run commands in a role with a policy, which goes after the test."""
    iam = operator.client("iam")
    trust = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }

    @contextmanager
    def made() -> Iterator[None]:
        iam.create_role(RoleName="reader", AssumeRolePolicyDocument=json.dumps(trust))
        yield
        iam.delete_role_policy(RoleName="reader", PolicyName="own")
        iam.delete_role(RoleName="reader")

    def become(policy: dict[str, Any]) -> Drawbridge:
        iam.put_role_policy(RoleName="reader", PolicyName="own", PolicyDocument=json.dumps(policy))
        for name, value in local_aws_accounts.in_role(operator.account_id, "reader").environment.items():
            monkeypatch.setenv(name, value)
        return drawbridge

    with made():
        yield become


def allowing(*actions: str) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}


def documented(account_id: str) -> dict[str, Any]:
    """Return the policy that the document shows, for another account than the document's."""
    (block,) = re.findall(r"```json\n(.*?)```", (REPOSITORY / "docs" / "doctor.md").read_text(), re.DOTALL)
    policy: dict[str, Any] = json.loads(block.replace("111122223333", account_id))
    return policy


def test_what_the_caller_may_not_ask_is_unknown_with_the_permission_that_lacks(reader: Reader) -> None:
    ended = reader(allowing("cloudformation:DescribeStack*", "cloudformation:ListStack*"))("doctor", "--json")

    assert ended.code == 1
    assert ended.json["result"] == "unknown"
    found = results(ended)
    answered = {name for name, each in found.items() if each == ["ok"]}
    assert answered == {"stack", "version", "clock"}
    assert {result for name in found.keys() - answered for result in found[name]} == {"unknown"}
    (region,) = ended.json["regions"]
    lacking = {each["name"]: each["what_to_do"] for each in region["checks"]}
    assert lacking["roles"] == "let the caller iam:GetRole"
    assert lacking["functions"] == "let the caller lambda:GetFunction"
    assert lacking["sweeps"] == "let the caller dynamodb:GetItem"
    assert lacking["slack"] == "let the caller make that call"


def test_the_permissions_that_the_document_names_are_enough(reader: Reader, operator: Operator) -> None:
    ended = reader(documented(operator.account_id))("doctor", "--json")

    assert ended.code == 1
    assert [name for name, each in results(ended).items() if "unknown" in each] == []


def test_the_permissions_that_the_document_names_are_used(reader: Reader, operator: Operator) -> None:
    # A broken parameter has its history read.
    ssm = operator.client("ssm")
    ssm.put_parameter(Name="/drawbridge/config/bindings/broken-2", Type="String", Value="{")
    mark = record.mark()
    try:
        reader(documented(operator.account_id))("doctor", "--all-regions")
    finally:
        ssm.delete_parameter(Name="/drawbridge/config/bindings/broken-2")

    made = {each.operation for each in record.since(mark, account_id=operator.account_id) if each.role == "reader"}
    named = {action for each in documented(operator.account_id)["Statement"] for action in each["Action"]}
    assert named - made == {
        # The service authorization reference has it as what DescribeStacks depends on.
        "cloudformation:ListStacks",
        # No service is managed here.
        "ec2:DescribeVpcEndpointConnections",
        "ec2:DescribeVpcEndpointServicePermissions",
        # This account is in no organization.
        "organizations:ListAWSServiceAccessForOrganization",
    }


@pytest.mark.parametrize(
    ("minutes", "result", "words"), [(-10, "problem", "behind AWS"), (2, "warning", "ahead of AWS")]
)
def test_a_clock_that_is_wrong_is_found(
    at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch, minutes: int, result: str, words: str
) -> None:
    monkeypatch.setattr(command, "now", lambda: clock.now() + timedelta(minutes=minutes))

    ((found, text),) = of(at_work("doctor", "--json"), "clock")

    assert found == result
    assert text.endswith(words)


def test_where_aws_refuses_everything_the_clock_is_said_to_be_wrong(
    at_work: Drawbridge, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "now", lambda: clock.now() + timedelta(hours=1))
    refusing = [
        CallFault(name, "error", code="SignatureDoesNotMatch", status=403, account=operator.account_id)
        for name in ("cloudformation:DescribeStacks", "sts:GetCallerIdentity")
    ]

    with faults.injected(*refusing):
        ended = at_work("doctor")

    assert (ended.code, ended.out) == (3, "")
    clock_line, aws_line = ended.err.splitlines()
    assert clock_line.startswith("clock: this machine is 3")
    assert clock_line.endswith("; to do: set this machine's clock, by NTP")
    assert "SignatureDoesNotMatch" in aws_line


def test_a_failure_of_aws_in_one_check_stops_no_other(at_work: Drawbridge, operator: Operator) -> None:
    failing = CallFault("events:ListRules", "error", code="ValidationException", account=operator.account_id)

    with faults.injected(failing):
        ended = at_work("doctor", "--json")

    found = results(ended)
    assert found["rules"] == ["unknown"]
    assert [*found] == ALL


def test_each_region_is_looked_at_and_where_the_stack_is_not_is_said_in_one_line(
    at_work: Drawbridge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "asks_of", lambda stack: {"stack": list})

    ended = at_work("doctor", "--all-regions")

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "drawbridge in us-east-1"
    assert lines[-1].startswith("no stack drawbridge in af-south-1, ")
    assert "us-east-2" in lines[-1]
    # It is not enabled in the account.
    assert "ap-east-1" not in lines[-1]


def test_a_region_that_may_not_be_asked_is_unknown(
    at_work: Drawbridge, operator: Operator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(regions, "enabled_regions", lambda stack: ["eu-west-1"])
    failing = CallFault("cloudformation:DescribeStacks", "error", code="AccessDenied", account=operator.account_id)

    with faults.injected(failing):
        ended = at_work("doctor", "--all-regions", "--json")

    assert ended.code == 1
    (region,) = ended.json["regions"]
    assert region["region"] == "eu-west-1"
    assert [(each["name"], each["result"]) for each in region["checks"]] == [("stack", "unknown")]


def test_where_no_region_has_the_stack_that_is_said(at_work: Drawbridge) -> None:
    ended = at_work("--stack", "elsewhere", "doctor", "--all-regions")

    assert ended.code == 2
    assert ended.err.startswith("--stack: there is no stack 'elsewhere' in af-south-1, ")


def test_a_stack_that_is_not_there_is_said(at_work: Drawbridge) -> None:
    ended = at_work("--region", "eu-west-1", "doctor")

    assert (ended.code, ended.err.strip()) == (2, "--stack: there is no stack 'drawbridge' in eu-west-1")


def test_what_it_says_to_run_reaches_the_stack_that_it_looked_at(at_work: Drawbridge, operator: Operator) -> None:
    sqs = operator.client("sqs")
    (queue,) = sqs.list_queues(QueueNamePrefix="drawbridge-HintsDeadLetterQueue")["QueueUrls"]
    sqs.send_message(QueueUrl=queue, MessageBody="{}")

    ended = at_work("--region", "us-east-1", "doctor", "--json")
    sqs.purge_queue(QueueUrl=queue)

    (region,) = ended.json["regions"]
    to_run = [each["what_to_do"] for each in region["checks"] if "drawbridge " in each["what_to_do"]]
    assert any(each.startswith("drawbridge --region us-east-1 redrive says why") for each in to_run)
    assert all("drawbridge --region us-east-1 " in each for each in to_run)
