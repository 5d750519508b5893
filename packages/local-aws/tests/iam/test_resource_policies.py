"""Policies of resources and of sessions, over HTTP: roles of one account and of another."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.sqs.responses import SQSResponse
from moto.sts.responses import TokenResponse

from local_aws.iam import resource_policies
from local_aws.server import LocalAws
from local_aws_tests.lambda_account import Account

Json = dict[str, Any]


@pytest.fixture
def role(local_aws_server: LocalAws) -> Callable[..., Any]:
    """Make the role ``worker`` of an account, with these actions, and return a client of one of its sessions."""

    def client(owner: Account, service: str, *actions: str, **session: Any) -> Any:
        arn = owner.role("worker", *actions)
        trust = policy(allow("sts:AssumeRole", Principal={"AWS": owner.account_id}))
        owner.client("iam").update_assume_role_policy(RoleName="worker", PolicyDocument=trust)
        credentials = owner.client("sts").assume_role(RoleArn=arn, RoleSessionName="test", **session)["Credentials"]
        return boto3.client(
            service,  # type: ignore[call-overload]  # any service's name
            endpoint_url=local_aws_server.url,
            region_name=owner.region,
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"],
        )

    return client


def policy(*statements: Json) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, **elements: Any) -> Json:
    return {"Effect": "Allow", "Action": action, **elements}


def deny(action: Any, **elements: Any) -> Json:
    return {"Effect": "Deny", "Action": action, **elements}


def worker(owner: Account) -> Json:
    return {"AWS": f"arn:aws:iam::{owner.account_id}:role/worker"}


def refusal(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as raised:
        call()
    assert raised.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}
    return str(raised.value.response["Error"]["Message"])


def set_policy(owner: Account, queue: str, *statements: Json) -> None:
    document = policy(*({**each, "Resource": queue} for each in statements))
    owner.sqs.set_queue_attributes(QueueUrl=owner.url(queue), Attributes={"Policy": document})


@pytest.mark.parametrize(
    ("own_policy", "names", "allowed"),
    [
        pytest.param(True, "role", True, id="both allow it"),
        pytest.param(True, "account", True, id="the queue allows the whole account"),
        pytest.param(True, "", False, id="the queue does not allow it"),
        pytest.param(False, "role", False, id="their own policy does not"),
    ],
)
def test_between_accounts_both_sides_have_to_allow_it(
    account: Account, other: Account, role: Any, own_policy: bool, names: str, allowed: bool
) -> None:
    queue = account.queue("theirs")
    sender = role(other, "sqs", *(["sqs:SendMessage"] if own_policy else []))
    if names:
        principal = worker(other) if names == "role" else {"AWS": other.account_id}
        set_policy(account, queue, allow("sqs:SendMessage", Principal=principal))

    if allowed:
        sender.send_message(QueueUrl=account.url(queue), MessageBody="1")
    else:
        kind = "resource" if own_policy else "identity"
        message = refusal(lambda: sender.send_message(QueueUrl=account.url(queue), MessageBody="1"))
        assert message.endswith(f"because no {kind}-based policy allows the sqs:sendmessage action")

    assert account.bodies(queue) == ([1] if allowed else [])


def test_a_person_of_another_account_has_to_be_allowed_too(account: Account, other: Account) -> None:
    queue = account.queue("theirs")

    before = refusal(lambda: other.sqs.send_message(QueueUrl=account.url(queue), MessageBody="1"))
    set_policy(account, queue, allow("sqs:SendMessage", Principal={"AWS": other.account_id}))
    other.sqs.send_message(QueueUrl=account.url(queue), MessageBody="2")

    assert "no resource-based policy" in before
    assert account.bodies(queue) == [2]


def test_a_queue_is_changed_by_its_own_account_only(account: Account, other: Account) -> None:
    queue = account.queue("theirs")
    set_policy(account, queue, allow("sqs:*", Principal={"AWS": other.account_id}))

    assert "sqs:deletequeue" in refusal(lambda: other.sqs.delete_queue(QueueUrl=account.url(queue)))


def test_inside_an_account_either_side_is_enough(account: Account, role: Any) -> None:
    queue = account.queue("ours")
    sender = role(account, "sqs")
    url = account.url(queue)

    nobody = refusal(lambda: sender.send_message(QueueUrl=url, MessageBody="1"))
    set_policy(account, queue, allow("sqs:SendMessage", Principal={"AWS": account.account_id}))
    only_account = refusal(lambda: sender.send_message(QueueUrl=url, MessageBody="2"))
    set_policy(account, queue, allow("sqs:SendMessage", Principal=worker(account)))
    sender.send_message(QueueUrl=url, MessageBody="3")

    assert "no identity-based policy" in nobody
    assert "no identity-based policy" in only_account
    assert account.bodies(queue) == [3]


def test_a_resource_s_deny_applies_to_everyone_and_to_persons(account: Account, role: Any) -> None:
    queue = account.queue("ours")
    sender = role(account, "sqs", "sqs:*")
    set_policy(account, queue, deny("sqs:SendMessage", Principal="*"))

    for client in (sender, account.sqs):
        message = refusal(partial(client.send_message, QueueUrl=account.url(queue), MessageBody="1"))
        assert message.endswith("with an explicit deny in a resource-based policy")


def test_a_boundary_limits_a_role_that_a_resource_names(account: Account, role: Any) -> None:
    queue = account.queue("ours")
    sender = role(account, "sqs")
    set_policy(account, queue, allow("sqs:SendMessage", Principal=worker(account)))
    iam = account.client("iam")
    only_ssm = policy(allow("ssm:*", Resource="*"))
    boundary = iam.create_policy(PolicyName="boundary", PolicyDocument=only_ssm)["Policy"]["Arn"]
    iam.put_role_permissions_boundary(RoleName="worker", PermissionsBoundary=boundary)

    message = refusal(lambda: sender.send_message(QueueUrl=account.url(queue), MessageBody="1"))

    assert "no permissions boundary" in message


def test_a_topic_of_another_account_has_to_allow_publish(account: Account, other: Account, role: Any) -> None:
    topic = account.sns.create_topic(Name="theirs")["TopicArn"]
    publisher = role(other, "sns", "sns:Publish")

    before = refusal(lambda: publisher.publish(TopicArn=topic, Message="1"))
    account.sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=policy(allow("sns:Publish", Principal=worker(other), Resource=topic)),
    )

    assert "because no resource-based policy allows the SNS:Publish action" in before
    assert publisher.publish(TopicArn=topic, Message="2")["MessageId"]


def test_a_bus_of_another_account_has_to_allow_put_events(account: Account, other: Account, role: Any) -> None:
    bus = account.arn("events", "event-bus/default")
    putter = role(other, "events", "events:PutEvents")
    entry = {"Source": "test", "DetailType": "x", "Detail": "{}", "EventBusName": bus}

    before = refusal(lambda: putter.put_events(Entries=[entry]))
    statement = allow("events:PutEvents", Sid="them", Principal=worker(other), Resource=bus)
    account.events.put_permission(Policy=policy(statement))

    assert "because no resource-based policy allows the events:PutEvents action" in before
    assert putter.put_events(Entries=[entry])["FailedEntryCount"] == 0


def test_a_key_s_policy_has_to_allow_the_account(account: Account, role: Any) -> None:
    keys = account.client("kms")
    root = {"AWS": f"arn:aws:iam::{account.account_id}:root"}
    only_admin = policy(allow(["kms:PutKeyPolicy", "kms:DescribeKey"], Principal=root, Resource="*"))
    by_default = keys.create_key()["KeyMetadata"]["KeyId"]
    closed = keys.create_key(Policy=only_admin)["KeyMetadata"]["KeyId"]

    user = role(account, "kms", "kms:Encrypt")

    user.encrypt(KeyId=by_default, Plaintext=b"x")
    assert "no resource-based policy" in refusal(lambda: user.encrypt(KeyId=closed, Plaintext=b"x"))


def test_a_policy_may_allow_an_organization(account: Account, other: Account) -> None:
    queue = account.queue("theirs")
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-elsewhere"}}
    set_policy(account, queue, allow("sqs:SendMessage", Principal="*", Condition=condition))

    assert "no resource-based policy" in refusal(
        lambda: other.sqs.send_message(QueueUrl=account.url(queue), MessageBody="1")
    )


def test_a_policy_that_can_not_be_read_allows_nothing() -> None:
    assert resource_policies.read("nonsense", "arn:aws:sqs:us-east-1:111111111111:queue") == ()


# --- session policies


def test_a_session_may_do_no_more_than_its_policy(account: Account, role: Any) -> None:
    queue = account.queue("ours")
    url = account.url(queue)
    narrowed = policy(allow("sqs:SendMessage", Resource=queue))

    session = role(account, "sqs", "sqs:*", Policy=narrowed)

    session.send_message(QueueUrl=url, MessageBody="1")
    message = refusal(lambda: session.receive_message(QueueUrl=url))
    assert message.endswith("because no session policy allows the sqs:receivemessage action")


def test_a_session_policy_adds_nothing_to_the_role(account: Account, role: Any) -> None:
    queue = account.queue("ours")

    session = role(account, "sqs", Policy=policy(allow("sqs:*", Resource="*")))

    message = refusal(lambda: session.send_message(QueueUrl=account.url(queue), MessageBody="1"))
    assert "no identity-based policy" in message


def test_a_session_policy_applies_even_if_a_role_trusts_the_caller_by_name(account: Account, role: Any) -> None:
    narrowed = role(account, "sts", Policy=policy(allow("sqs:*", Resource="*")))
    trust = policy(allow("sts:AssumeRole", Principal=worker(account)))
    target = account.client("iam").create_role(RoleName="target", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    message = refusal(lambda: narrowed.assume_role(RoleArn=target, RoleSessionName="test"))

    assert "no session policy" in message


def test_managed_policies_may_be_session_policies(account: Account, role: Any) -> None:
    queue = account.queue("ours")
    sending = policy(allow("sqs:SendMessage", Resource="*"))
    arn = account.client("iam").create_policy(PolicyName="sending", PolicyDocument=sending)["Policy"]["Arn"]

    session = role(account, "sqs", "sqs:*", PolicyArns=[{"arn": arn}])

    session.send_message(QueueUrl=account.url(queue), MessageBody="1")
    assert "no session policy" in refusal(lambda: session.receive_message(QueueUrl=account.url(queue)))


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"Policy": "nonsense"}, "MalformedPolicyDocument"),
        ({"Policy": policy(allow("sqs:*", Resource="*", Sid="x" * 2048))}, "ValidationError"),
        ({"PolicyArns": [{"arn": "arn:aws:iam::111111111111:policy/none-of-that-name"}]}, "MalformedPolicyDocument"),
    ],
)
def test_an_invalid_session_policy_is_refused(account: Account, parameters: Json, code: str) -> None:
    role_arn = f"arn:aws:iam::{account.account_id}:role/person"

    with pytest.raises(ClientError) as refused:
        account.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test", **parameters)

    assert refused.value.response["Error"]["Code"] == code


def test_a_session_lasts_no_longer_than_its_role_allows(account: Account, role: Any) -> None:
    with pytest.raises(ClientError) as refused:
        role(account, "sqs", DurationSeconds=3601)

    assert refused.value.response["Error"]["Code"] == "ValidationError"
    assert "MaxSessionDuration" in refused.value.response["Error"]["Message"]


def test_the_patched_attributes_of_moto_exist() -> None:
    assert callable(TokenResponse.assume_role)
    assert isinstance(SQSResponse.sqs_backend, property)
