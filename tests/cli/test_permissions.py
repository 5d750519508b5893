"""The policies of docs/permissions, given to roles: each lets its people do their work, and nothing more than that."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.status import Status
from local_aws.testing import iam
from local_aws.testing.accounts import Account
from local_aws.testing.deployment import cloudformation_of
from local_aws.testing.workflows import issue_token
from tests.builders import REPOSITORY, approval_record, connection_facts
from tests.cli.connected import connection, enter, enter_connected
from tests.cli.operators import Decided, Drawbridge, Operator, now
from tests.cli.sharing import bind, carry_out, let_in, offer, share

FOLDER = REPOSITORY / "docs" / "permissions"
_numbers = itertools.count()
WRITTEN_FOR = "222222222222"
"""The account that the documents write for one's own."""


def statements(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))["Statement"]
    return found


@dataclass(frozen=True)
class Somebody:
    """A role with one of the policies, and commands run as it."""

    role: Account
    arn: str
    run: Drawbridge

    def refused(self, operation: str, params: dict[str, Any]) -> str | None:
        """Return why a call would be refused; None if it would not."""
        return iam.refusal(self.role.account_id, self.arn.rpartition("/")[2], operation, params)

    def denied(self) -> set[tuple[str, str]]:
        return {(need.action, need.resource) for need in iam.needs(self.arn) if not need.allowed}

    def unused(self) -> set[str]:
        """Return what the policy allows and nobody needed."""
        return {
            f"{statement.sid} {action.value}"
            for statement in iam.statements(self.arn)
            for action in statement.actions
            if not action.used
        }


@pytest.fixture
def somebody(operator: Operator, drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Somebody]:
    """Give a role of the operator's account one of the policies, as written but for the account."""

    def make(name: str) -> Somebody:
        role = f"by-{name}-{next(_numbers)}"
        trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
        client = operator.client("iam")
        document = {"Version": "2012-10-17", "Statement": [trust]}
        client.create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(document))
        policy = (FOLDER / f"{name}.json").read_text(encoding="utf-8").replace(WRITTEN_FOR, operator.account_id)
        client.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=policy)
        account = Account(operator.url, operator.account_id, role=role)
        for variable, value in account.environment.items():
            monkeypatch.setenv(variable, value)
        return Somebody(account, f"arn:aws:iam::{operator.account_id}:role/{role}", drawbridge)

    return make


@pytest.fixture(scope="module")
def ledger(operator: Operator) -> LedgerTable:
    return LedgerTable(operator.table("LedgerTableName"), now=lambda: datetime.now(UTC))


@pytest.fixture(scope="module")
def provider(new_operator: Callable[[], Operator]) -> Operator:
    return new_operator()


@pytest.fixture(scope="module")
def bound(operator: Operator, provider: Operator) -> None:
    """Have two shared databases associated, in two modes, and a third binding that is broken by now."""
    let_in(operator, provider)
    arn = share(provider, operator, *offer(provider, "orders-db", "orders-old"), name="orders")
    endpoint = {"mode": "resource-endpoint", "vpc": operator.vpc()}
    network = {"mode": "service-network", "vpc": operator.vpc(), "serviceNetwork": {"name": "mine", "create": True}}
    bind(operator, "orders", json.dumps({"match": {"resource": "orders-db"}, "attach": endpoint}))
    bind(operator, "old", json.dumps({"match": {"resource": "orders-old"}, "attach": network}))
    carry_out(operator, arn, provider)
    bind(operator, "broken", json.dumps({"match": {"resource": "nothing"}, "attach": endpoint}))
    bind(operator, "broken", "attach: nowhere")


@pytest.fixture(scope="module")
def connected(operator: Operator, provider: Operator, ledger: LedgerTable) -> EndpointConnectionRequest:
    service_id, service_name = operator.offer_service()
    request = EndpointConnectionRequest(service_id=service_id, endpoint_id=provider.connect(service_name))
    enter_connected(ledger, request, account=provider.account_id)
    return request


@pytest.fixture(scope="module")
def zone(operator: Operator) -> str:
    """Return the id of a private hosted zone."""
    vpc = {"VPCRegion": "us-east-1", "VPCId": operator.vpc()}
    made = operator.client("route53").create_hosted_zone(Name="mine.example", CallerReference="mine", VPC=vpc)
    return str(made["HostedZone"]["Id"]).rpartition("/")[2]


@pytest.fixture
def files(operator: Operator, zone: str, tmp_path: Path) -> Path:
    """Write a binding with all that has to be looked up, and a policy, into folders of these names."""
    group = operator.client("ec2").describe_security_groups()["SecurityGroups"][0]["GroupId"]
    binding = {
        "match": {"resource": "orders-db"},
        "attach": {
            "mode": "resource-endpoint",
            "vpc": operator.vpc(),
            "securityGroups": [group],
            "privateDns": "verified",
            "alias": {"zone": zone, "name": "db.mine.example"},
        },
    }
    for folder, name, text in (
        ("bindings", "later.json", json.dumps(binding)),
        ("policies", "no.cedar", '@id("no") forbid(principal == Account::"999999999999", action, resource);'),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text, encoding="utf-8")
    (tmp_path / "customers.csv").write_text("account_id,services\n000000000001,*\n", encoding="utf-8")
    return tmp_path


def dead_letters(operator: Operator) -> str:
    listed = operator.client("sqs").list_queues(QueueNamePrefix="drawbridge-HintsDeadLetterQueue")
    return str(listed["QueueUrls"][0])


def held_back_in_a_share(operator: Operator, account: str) -> dict[str, Any]:
    """Return a record of an offer that many would leave at once."""
    since = now().isoformat()
    arn = f"arn:aws:ram:us-east-1:{operator.account_id}:resource-share/11111111-2222-3333-4444-555555555555"
    leaving = {"cause": "forbidden", "since": since, "withdraw_after": since, "capped": True, "reasons": []}
    flags = {"forbidden": False, "confirmed": False}
    of = {"target": arn, "principal": account, "account_id": account, "offered_at": since, "confirmed": True}
    return {**of, "leaving": {**leaving, **flags}}


def test_an_operator_can_run_each_command_and_has_nothing_to_spare(
    operator: Operator,
    bound: None,
    connected: EndpointConnectionRequest,
    asked: Request,
    provider: Operator,
    files: Path,
    somebody: Callable[[str], Somebody],
) -> None:
    operator.client("sqs").send_message(QueueUrl=dead_letters(operator), MessageBody="{}")
    me = somebody("operator")
    account, request = provider.account_id, connected.request_id
    operator.table("OffersTableName").put_item(Item=held_back_in_a_share(operator, account))

    codes = {
        " ".join(arguments): me.run(*arguments).code
        for arguments in (
            ("status", "--all"),
            ("why", request),
            ("why", "orders"),
            ("plan",),
            ("bindings", "list"),
            ("bindings", "show", "orders"),
            ("bindings", "apply", str(files / "bindings"), "--yes"),
            ("bindings", "remove", "old", "--yes"),
            ("policy", "explain", request),
            ("policy", "simulate", str(files / "policies")),
            ("policy", "apply", str(files / "policies"), "--yes"),
            ("consumers", "add", account, "--tier", "gold", "--service", connected.service_id),
            ("consumers", "list"),
            ("consumers", "show", account),
            ("consumers", "suspend", account),
            ("consumers", "resume", account),
            ("consumers", "import", str(files / "customers.csv")),
            ("consumers", "show", account, "--handout"),
            ("withdraw", request, "--yes"),
            ("withdraw", "--confirm", "--yes"),
            ("retry", request, "--yes"),
            ("consumers", "remove", account, "--yes"),
            # Looks whether something of that is left to be done.
            ("consumers", "remove", account, "--dry-run"),
            ("sweep", "--wait", "1"),
            ("redrive",),
            ("redrive", "--discard", "--yes"),
        )
    }

    assert me.denied() == set()
    assert {command: code for command, code in codes.items() if code not in {0, 1}} == {}
    # What is shared as a service, and what a listing left out.
    assert me.unused() == {
        "PlanAssociations vpc-lattice:GetService",
        "PlanAssociations vpc-lattice:ListServiceNetworkServiceAssociations",
        "ReadConfiguration ssm:GetParameter",
    }


def test_an_operator_can_answer_nothing_and_read_no_secret(asked: Request, somebody: Callable[[str], Somebody]) -> None:
    me = somebody("operator")

    ended = me.run("approve", asked.request_id, "--yes")

    assert ended.code == 3
    assert {action for action, _ in me.denied()} == {"dynamodb:UpdateItem"}
    assert me.refused("secretsmanager:GetSecretValue", {"SecretId": "drawbridge/slack"})


@pytest.fixture
def asked(operator: Operator, ledger: LedgerTable) -> Request:
    """Have a person be asked about a connection."""
    question = approval_record().question
    request = connection(9)
    enter(ledger, request, Status.WAITING_FOR_APPROVAL, settled=False)
    token = issue_token(operator.account_id, operator.output("OnboardingStateMachineArn"))
    approvals = ApprovalsTable(operator.table("ApprovalsTableName"), now=lambda: datetime.now(UTC))
    approvals.open(msgspec.structs.replace(question, request_id=request.request_id), token, "https://console.example")
    return request


def test_an_approver_can_see_and_answer_and_has_nothing_to_spare(
    operator: Operator, asked: Request, somebody: Callable[[str], Somebody]
) -> None:
    operator.write_policy("broken", "permit(")
    decided = Decided(connection_facts(), Status.HELD, now()).enter(operator.table("LedgerTableName"))
    me = somebody("approver")

    codes = [
        me.run(*arguments).code
        for arguments in (
            ("status",),
            ("status", "--all"),
            ("why", asked.request_id),
            ("why", "orders"),
            ("policy", "explain", decided),
            ("approve", asked.request_id, "--yes"),
        )
    ]

    assert me.denied() == set()
    assert codes[-1] == 0
    assert me.unused() == set()


def test_an_approver_can_change_no_policy(somebody: Callable[[str], Somebody], tmp_path: Path) -> None:
    forbid = '@id("never") forbid(principal == Account::"999999999999", action, resource);'
    (tmp_path / "never.cedar").write_text(forbid, encoding="utf-8")
    me = somebody("approver")

    ended = me.run("policy", "apply", str(tmp_path), "--yes")

    assert ended.code == 3
    # Nor is it shown what would become of offered shares, which it is told.
    assert "what would become of offered shares can't be shown" in ended.err
    assert {action for action, _ in me.denied()} == {"dynamodb:Scan", "ssm:PutParameter"}


def test_who_reads_names_reads_those_of_the_binding_and_nothing_else(
    operator: Operator, bound: None, somebody: Callable[[str], Somebody]
) -> None:
    me = somebody("reader")
    ssm = me.role.client("ssm")
    below = "/drawbridge/connections"

    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path=f"{below}/orders", Recursive=True)
    named = {each["Name"] for page in pages for each in page["Parameters"]}
    one = ssm.get_parameter(Name=f"{below}/orders/orders-db/dns-name")["Parameter"]["Value"]
    several = ssm.get_parameters(Names=[f"{below}/orders/orders-db/dns-name"])["Parameters"]

    assert named == {f"{below}/orders/orders-db/{each}" for each in ("connection", "dns-name")}
    assert [each["Value"] for each in several] == [one]
    assert me.unused() == set()
    for elsewhere in (f"{below}/other/db/dns-name", "/drawbridge/config/approvers"):
        assert me.refused("ssm:GetParameter", {"Name": elsewhere})


def listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value


def rule_of(physical_id: str) -> dict[str, Any]:
    bus, _, name = physical_id.rpartition("|")
    return {"Name": name, "EventBusName": bus or "default"}


TEMPLATE = cloudformation_of(REPOSITORY / "template.yaml")
OF_OTHERS = re.compile(
    # What CloudFormation's handlers call for properties that nothing in the template has.
    r"(codedeploy|ec2|elasticfilesystem|firehose|kinesis|kms|s3files):.*|s3:(REST.PUT.OBJECT|GetObjectMetadata|.*getObject)"
    r"|s3:(GetObject|GetObjectVersion|ListBucket)|iam:CreateServiceLinkedRole|apigateway:(Unt|T)agResource"
)


def actions_of_cloudformation() -> set[str]:
    """Return the actions by which CloudFormation, for whoever deploys, makes and deletes what the template has."""
    found: set[str] = set()
    for kind in {each["Type"] for each in TEMPLATE["Resources"].values()}:
        handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema["handlers"]
        for each in ("create", "read", "update", "delete"):
            found |= {*handlers.get(each, {}).get("permissions", ())}
    return {each for each in found if not OF_OTHERS.fullmatch(each)}


def test_a_deployer_may_do_what_cloudformation_does_for_them_and_no_other_service_s_work() -> None:
    allowed = {action for each in statements("deployer") for action in listed(each["Action"])}
    needed = actions_of_cloudformation()

    assert {each for each in needed if not any(fnmatchcase(each, pattern) for pattern in allowed)} == set()
    services = {each.partition(":")[0] for each in allowed}
    assert services - {each.partition(":")[0] for each in needed} == {"cloudformation", "s3"}


CHANGES: dict[str, tuple[str, Callable[[str], dict[str, Any]]]] = {
    "AWS::CloudWatch::Alarm": ("cloudwatch:DeleteAlarms", lambda name: {"AlarmNames": [name]}),
    "AWS::DynamoDB::Table": ("dynamodb:DeleteTable", lambda name: {"TableName": name}),
    "AWS::Events::EventBus": ("events:DeleteEventBus", lambda name: {"Name": name}),
    "AWS::Events::Rule": ("events:DeleteRule", rule_of),
    "AWS::IAM::Role": ("iam:DeleteRole", lambda name: {"RoleName": name}),
    "AWS::Lambda::Function": ("lambda:DeleteFunction", lambda name: {"FunctionName": name}),
    "AWS::Logs::LogGroup": ("logs:DeleteLogGroup", lambda name: {"logGroupName": name}),
    "AWS::SNS::Topic": ("sns:DeleteTopic", lambda arn: {"TopicArn": arn}),
    "AWS::SQS::Queue": ("sqs:DeleteQueue", lambda url: {"QueueUrl": url}),
    "AWS::SSM::Parameter": ("ssm:DeleteParameter", lambda name: {"Name": name}),
    "AWS::Scheduler::Schedule": ("scheduler:DeleteSchedule", lambda name: {"Name": name.rpartition("/")[2]}),
    "AWS::StepFunctions::StateMachine": ("states:DeleteStateMachine", lambda arn: {"stateMachineArn": arn}),
}
"""How what is made is deleted, by what CloudFormation calls it."""


def test_a_deployer_may_change_what_the_stack_made_by_the_names_that_it_gave(
    operator: Operator, somebody: Callable[[str], Somebody]
) -> None:
    me = somebody("deployer")
    made = operator.client("cloudformation").describe_stack_resources(StackName="drawbridge")["StackResources"]

    refused = {}
    for each in made:
        if each["ResourceType"] in CHANGES:
            operation, params = CHANGES[each["ResourceType"]]
            if why := me.refused(operation, params(each["PhysicalResourceId"])):
                refused[each["LogicalResourceId"]] = why

    assert {each["ResourceType"] for each in made} >= CHANGES.keys()
    assert refused == {}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_each_action_is_one_of_aws(path: Path) -> None:
    actions = [
        action for each in statements(path.stem) for action in listed(each["Action"]) if not action.endswith("*")
    ]

    assert [each for each in actions if iam.find_action(each) is None] == []


def test_the_documents_name_each_of_the_policies() -> None:
    guide = (REPOSITORY / "docs" / "deploy.md").read_text(encoding="utf-8")

    assert {*re.findall(r"\(permissions/([a-z]+)\.json\)", guide)} == {path.stem for path in FOLDER.glob("*.json")}
