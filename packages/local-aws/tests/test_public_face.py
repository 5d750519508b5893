"""The public interface and its pytest plugin, used as by another project."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from slack_sdk import WebClient

from local_aws.control import settings
from local_aws.http.control_input import InvalidInputError
from local_aws.testing import iam
from local_aws.testing.accounts import Account, Accounts
from local_aws.testing.clock import Clock, fast_forward, in_flight
from local_aws.testing.deployment import Stack
from local_aws.testing.faults import CallFault, FaultPlan, Faults, faults
from local_aws.testing.record import Record
from local_aws.testing.settings import changed
from local_aws.testing.slack import APPROVALS, Workspace, api_url

TEMPLATE = """
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue:
    Type: AWS::SQS::Queue
  Reader:
    Type: AWS::IAM::Role
    Properties:
      RoleName: reader
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement: [{Effect: Allow, Principal: {AWS: "*"}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: own
          PolicyDocument:
            Version: "2012-10-17"
            Statement:
              - {Sid: Read, Effect: Allow, Action: [ssm:GetParameter, ssm:GetParameters], Resource: "*"}
Outputs:
  QueueUrl: {Value: !Ref Queue}
"""


@pytest.fixture(scope="module")
def somebody(local_aws_accounts: Accounts) -> Account:
    return local_aws_accounts.new_person(called="alice")


@pytest.fixture(scope="module")
def stack(somebody: Account, local_aws_deploy: Callable[..., Stack], tmp_path_factory: pytest.TempPathFactory) -> Stack:
    template = tmp_path_factory.mktemp("mine") / "template.yaml"
    template.write_text(TEMPLATE)
    return local_aws_deploy(template, somebody.account_id, name="mine")


def test_a_template_of_ones_own_is_deployed_and_its_outputs_are_read(somebody: Account, stack: Stack) -> None:
    assert somebody.outputs("mine") == stack.outputs
    assert somebody.client("sqs").get_queue_attributes(QueueUrl=stack.outputs["QueueUrl"])["ResponseMetadata"]


def test_new_persons_are_in_accounts_of_their_own(local_aws_accounts: Accounts) -> None:
    accounts = {local_aws_accounts.new_person().account_id for _ in range(3)}

    assert len(accounts) == 3


def test_a_persons_caller_identity_is_their_session(somebody: Account) -> None:
    identity = somebody.client("sts").get_caller_identity()

    assert identity["Arn"] == f"arn:aws:sts::{somebody.account_id}:assumed-role/person/alice"
    assert somebody.environment["AWS_SESSION_TOKEN"] == somebody.credentials.session_token
    assert somebody.credentials.session_token not in repr(somebody.credentials)


def test_a_roles_permissions_needs_and_denials_are_returned(
    local_aws_accounts: Accounts, somebody: Account, stack: Stack
) -> None:
    reader = local_aws_accounts.in_role(somebody.account_id, "reader")
    arn = f"arn:aws:iam::{somebody.account_id}:role/reader"

    assert reader.parameter("/nothing") is None
    with pytest.raises(ClientError, match="AccessDenied"):
        reader.client("sqs").list_queues()

    assert {(each.action, each.allowed) for each in iam.needs(arn)} == {
        ("ssm:GetParameter", True),
        ("sqs:ListQueues", False),
    }
    (read,) = iam.statements(arn)
    assert read.sid == "Read"
    assert {each.value: each.used for each in read.actions} == {"ssm:GetParameter": True, "ssm:GetParameters": False}
    before = iam.needs(arn), iam.statements(arn)
    assert iam.refusal(somebody.account_id, "reader", "ssm:GetParameters", {"Names": ["/a"]}) is None
    assert "ssm:PutParameter" in str(iam.refusal(somebody.account_id, "reader", "ssm:PutParameter", {"Name": "/a"}))
    with pytest.raises(LookupError, match="no role raeder"):
        iam.refusal(somebody.account_id, "raeder", "ssm:GetParameters", {"Names": ["/a"]})
    # A hypothetical call is not recorded.
    assert (iam.needs(arn), iam.statements(arn)) == before


def test_an_unknown_role_has_no_statements(somebody: Account) -> None:
    with pytest.raises(LookupError, match="nobody"):
        iam.statements(f"arn:aws:iam::{somebody.account_id}:role/nobody")


def test_calls_are_recorded_and_faults_strike_them(
    somebody: Account, local_aws_accounts: Accounts, local_aws_faults: Faults, local_aws_record: Record
) -> None:
    mark = local_aws_record.mark()
    denied = CallFault("sqs:ListQueues", "error", code="AccessDenied", times=1, account=somebody.account_id)

    with local_aws_faults.injected(denied) as injected, pytest.raises(ClientError, match="AccessDenied"):
        somebody.client("sqs").list_queues()
    local_aws_accounts.new_person().client("sqs").list_queues()
    somebody.client("sqs").list_queues(QueueNamePrefix="a")

    made = local_aws_record.since(mark, account_id=somebody.account_id)
    assert injected.struck(denied) == 1
    assert [(each.operation, each.error) for each in made] == [
        ("sqs:ListQueues", "AccessDenied"),
        ("sqs:ListQueues", None),
    ]
    assert made[-1].params == {"QueueNamePrefix": "a"}
    assert (made[-1].role, made[-1].function, made[-1].invocation) == (None, None, None)
    (count,) = (
        each
        for each in local_aws_record.counts()
        if each.account_id == somebody.account_id and each.operation == "sqs:ListQueues" and each.role is None
    )
    assert count.calls >= 2
    assert count.errors["AccessDenied"] == 1


def test_a_listing_lies_by_a_fault(somebody: Account, local_aws_faults: Faults) -> None:
    sqs = somebody.client("sqs")
    for name in ("one", "two", "three"):
        sqs.create_queue(QueueName=name)

    with local_aws_faults.injected(CallFault("sqs:ListQueues", "cut", items=2, account=somebody.account_id)):
        cut = sqs.list_queues()["QueueUrls"]
    with local_aws_faults.injected(CallFault("sqs:ListQueues", "empty", account=somebody.account_id)):
        empty = sqs.list_queues().get("QueueUrls", [])

    assert (len(cut), empty) == (2, [])


def test_faults_end_with_their_block() -> None:
    with faults.injected(CallFault("ec2:*", "throttle")):
        assert [each.operation for each in faults.calls] == ["ec2:*"]

    assert "ec2:*" not in [each.operation for each in faults.calls]


def test_settings_are_restored_after_the_block(somebody: Account) -> None:
    ssm = somebody.client("ssm")

    before = settings.describe()

    with (
        changed(quotas={"standard_parameters": 0}, timings={"parameter_name_free": 0.0}, throttles=False),
        pytest.raises(ClientError, match="ParameterLimitExceeded"),
    ):
        ssm.put_parameter(Name="/too-many", Value="x", Type="String")

    assert settings.describe() == before
    ssm.put_parameter(Name="/one-more", Value="x", Type="String")


def test_an_unknown_setting_is_refused_and_nothing_is_changed(somebody: Account) -> None:
    changes: dict[str, Any] = {"quotas": {"standard_parameters": 0, "nothing_of_the_kind": 1}}

    with pytest.raises(InvalidInputError, match="nothingOfTheKind"), changed(**changes):
        pass

    somebody.client("ssm").put_parameter(Name="/still", Value="x", Type="String")


def test_faults_of_the_fixture_hold_for_the_test(local_aws_faults: Faults) -> None:
    local_aws_faults.replace(FaultPlan(calls=(CallFault("ec2:*", "throttle", account="310000000001"),)))

    assert [each.operation for each in faults.calls] == ["ec2:*"]


def test_the_faults_of_that_test_ended_with_it() -> None:
    assert "ec2:*" not in [each.operation for each in faults.calls]


def test_settings_of_the_fixture_hold_for_the_test(somebody: Account, local_aws_settings: Callable[..., None]) -> None:
    local_aws_settings(throttle_persons=False)
    local_aws_settings(throttle_persons=True, quotas={"standard_parameters": 0})

    with pytest.raises(ClientError, match="ParameterLimitExceeded"):
        somebody.client("ssm").put_parameter(Name="/never", Value="x", Type="String")


def test_the_settings_of_that_test_ended_with_it(somebody: Account) -> None:
    somebody.client("ssm").put_parameter(Name="/after-all", Value="x", Type="String")


def test_an_hour_passes_in_no_time(local_aws_clock: Clock) -> None:
    began, at = time.monotonic(), local_aws_clock.time()

    fast_forward(3600)

    assert local_aws_clock.time() - at >= 3600
    assert time.monotonic() - began < 60
    assert in_flight().keys() <= {"executions", "messages", "planned"}


def test_somebody_clicks_in_slack(local_aws_slack: Workspace, somebody: Account) -> None:
    app = local_aws_slack.install(somebody.account_id, "http://127.0.0.1:9/nobody-listens", name="Mine")
    assert (app.account_id, app.name, APPROVALS in app.channels) == (somebody.account_id, "Mine", True)
    button = {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"}}
    blocks = [{"type": "actions", "elements": [button]}]
    posted = WebClient(app.bot_token, base_url=api_url()).chat_postMessage(
        channel=APPROVALS, text="Approve?", blocks=blocks
    )

    delivered = local_aws_slack.click("U0BOB", posted["ts"], "approve")

    assert [each.ts for each in local_aws_slack.messages(somebody.account_id)] == [posted["ts"]]
    assert delivered.error.startswith("connection_failed")
