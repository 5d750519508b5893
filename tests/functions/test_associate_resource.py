"""The door of ``associate_resource``: a desired attachment in, the made one out."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from drawbridge.association import DesiredAttachment, Mode, Plan
from drawbridge.association.client_tokens import endpoint_token
from drawbridge.association.observed_attachment import (
    Endpoint,
    ResourceAssociation,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.association.reconcile import AttachmentReconciler
from drawbridge.errors import NotReadyError, ThrottledError
from drawbridge.lattice import PrivateDns
from drawbridge.pacing.defaults import CREATE_ENDPOINT, LATTICE, MODIFY_ENDPOINT
from drawbridge.pacing.turn import Turn
from functions.associate_resource import app
from tests.builders import (
    ENDPOINT_ID,
    NETWORK,
    NOW,
    RESOURCE_ARN,
    VPC_ID,
    creation_of,
    desired,
    desired_by_network,
    execution_input,
)
from tests.fakes.attachments import InMemoryAttachments
from tests.fakes.attempts import InMemoryAttempts
from tests.functions.invocations import invoke, refuses, step

INPUT = execution_input(attempt=2)
STEP = step(request=INPUT, item=0, turn=Turn(CREATE_ENDPOINT, NOW))
CHANGE = step(request=INPUT, item=0, turn=Turn(MODIFY_ENDPOINT, NOW))


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> InMemoryAttachments:
    """Return a service network that has everything in it, and no endpoints yet."""
    aws = InMemoryAttachments()
    aws.becomes = State.PENDING
    aws.networks.append(NETWORK)
    aws.resources[NETWORK.arn, RESOURCE_ARN] = ResourceAssociation(id="snra-1", state=State.AVAILABLE)
    aws.vpcs[VPC_ID] = ServiceNetworkVpcAssociation(id="snva-1", state=State.AVAILABLE, network_arn=NETWORK.arn)
    monkeypatch.setattr(app, "reconciler", lambda: aws.reconciler)
    monkeypatch.setattr(app, "now", lambda: NOW)
    return aws


THERE = Endpoint(id=ENDPOINT_ID, state=State.AVAILABLE)


def security_groups(aws: InMemoryAttachments) -> set[str]:
    """Return the security groups of all endpoints."""
    return {group for found in aws.endpoints.values() for each in found for group in each.security_group_ids}


@pytest.fixture(autouse=True)
def attempts(monkeypatch: pytest.MonkeyPatch) -> InMemoryAttempts:
    attempts = InMemoryAttempts()
    monkeypatch.setattr(app, "attempts", lambda: attempts)
    planned(attempts, desired())
    return attempts


def planned(attempts: InMemoryAttempts, attachment: DesiredAttachment, at: datetime = NOW) -> None:
    plan = Plan(associations=(attachment,), refused=(), observed_fingerprint="", bindings_fingerprint="")
    attempts.keep_plan(INPUT, plan, at)


def by(
    endpoint_id: str = "", network_arn: str = "", in_network: str = "", vpc_association: str = "", groups: Any = ()
) -> object:
    fields = {
        "endpointId": endpoint_id,
        "networkArn": network_arn,
        "securityGroupIds": [*groups],
        "settings": "" if network_arn else "off",
    }
    return {"next": "publish", "by": fields | {"inNetwork": in_network, "vpcAssociation": vpc_association}}


def test_an_endpoint_is_made_and_returned_once_it_is_available(aws: InMemoryAttachments) -> None:
    with pytest.raises(NotReadyError, match="vpce-0"):
        invoke(app.lambda_handler, STEP)
    aws.settle()

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by("vpce-0")
    assert aws.changes == ["create vpce-0"]
    assert aws.tokens == [endpoint_token(creation_of(desired(), attempt=2))]


@pytest.mark.parametrize("seconds", [59, 60, 3600])
def test_nothing_is_made_by_a_plan_that_is_a_minute_old(
    aws: InMemoryAttachments, attempts: InMemoryAttempts, seconds: int
) -> None:
    planned(attempts, desired(), NOW - timedelta(seconds=seconds))

    if seconds < 60:
        with pytest.raises(NotReadyError):
            invoke(app.lambda_handler, STEP)
    else:
        assert invoke(app.lambda_handler, STEP) == {"next": "decide-again", "by": None}
    assert aws.changes == (["create vpce-0"] if seconds < 60 else [])


def test_what_is_only_waited_for_is_not_decided_again(aws: InMemoryAttachments, attempts: InMemoryAttempts) -> None:
    aws.have_endpoint(desired(), THERE)
    planned(attempts, desired(), NOW - timedelta(days=1))

    assert invoke(app.lambda_handler, STEP) == by(ENDPOINT_ID)
    assert aws.changes == []


def test_nothing_is_changed_by_a_plan_that_is_a_minute_old(
    aws: InMemoryAttachments, attempts: InMemoryAttempts
) -> None:
    aws.have_endpoint(desired(), THERE)
    planned(attempts, desired(security_group_ids=("sg-0123456789abcdef0",)), NOW - timedelta(minutes=1))

    assert invoke(app.lambda_handler, CHANGE) == {"next": "decide-again", "by": None}
    assert (security_groups(aws), aws.changes) == (set(), [])


def test_an_endpoint_that_is_there_gets_the_groups_that_are_desired_now(
    aws: InMemoryAttachments, attempts: InMemoryAttempts
) -> None:
    aws.have_endpoint(desired(), THERE)
    group = "sg-0123456789abcdef0"
    planned(attempts, desired(security_group_ids=(group,)))

    answer = invoke(app.lambda_handler, CHANGE)

    assert answer == by(ENDPOINT_ID, groups=[group])
    assert (security_groups(aws), aws.changes) == ({group}, [f"change {ENDPOINT_ID}: +{group} -"])


def awaits(of: str, throttled: str = "", after: float | None = None) -> object:
    return {"next": "await-turn", "by": {"of": of, "throttled": throttled, "after": after}}


@pytest.mark.parametrize(
    "turn",
    [
        None,
        Turn(MODIFY_ENDPOINT, NOW),
        Turn(CREATE_ENDPOINT, NOW - timedelta(seconds=60)),
    ],
    ids=["none", "another", "over"],
)
@pytest.mark.parametrize("age", [0, 3600])
def test_an_endpoint_waits_for_its_turn_however_old_the_plan_is(
    aws: InMemoryAttachments, attempts: InMemoryAttempts, turn: Turn | None, age: int
) -> None:
    planned(attempts, desired(), NOW - timedelta(seconds=age))

    assert invoke(app.lambda_handler, step(request=INPUT, item=0, turn=turn)) == awaits(CREATE_ENDPOINT)
    assert aws.changes == []


def test_a_turn_is_good_for_one_call(aws: InMemoryAttachments, attempts: InMemoryAttempts) -> None:
    aws.have_endpoint(desired(), THERE)
    planned(attempts, desired(security_group_ids=("sg-0123456789abcdef0",), private_dns=PrivateDns.ALL))

    answer = invoke(app.lambda_handler, CHANGE)

    assert answer == awaits(MODIFY_ENDPOINT)
    assert len(aws.changes) == 1


def test_what_a_service_network_takes_waits_for_no_turn(aws: InMemoryAttachments, attempts: InMemoryAttempts) -> None:
    aws.resources.clear()
    aws.becomes = State.AVAILABLE
    planned(attempts, desired_by_network(vpc_id=""))

    assert invoke(app.lambda_handler, step(request=INPUT, item=0))["next"] == "publish"


@pytest.mark.parametrize(
    ("attachment", "of"),
    [(desired(), CREATE_ENDPOINT), (desired_by_network(vpc_id=""), LATTICE)],
    ids=["ec2", "lattice"],
)
def test_what_aws_throttles_waits_for_another_turn(
    aws: InMemoryAttachments,
    attempts: InMemoryAttempts,
    monkeypatch: pytest.MonkeyPatch,
    attachment: DesiredAttachment,
    of: str,
) -> None:
    def throttled(*_: object) -> None:
        raise ThrottledError("slowly", 7)

    aws.resources.clear()
    monkeypatch.setattr(AttachmentReconciler, "apply", throttled)
    planned(attempts, attachment)

    assert invoke(app.lambda_handler, STEP) == awaits(of, "slowly", 7.0)


@pytest.mark.parametrize("vpc_id", [VPC_ID, ""])
def test_what_a_service_network_makes_reachable_is_returned_by_its_associations(
    aws: InMemoryAttachments, attempts: InMemoryAttempts, vpc_id: str
) -> None:
    planned(attempts, desired_by_network(vpc_id=vpc_id))

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by("", NETWORK.arn, "snra-1", "snva-1" if vpc_id else "")
    assert aws.changes == []


def test_a_service_network_s_endpoint_is_returned_with_the_network(
    aws: InMemoryAttachments, attempts: InMemoryAttempts
) -> None:
    attachment = desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT)
    aws.have_endpoint(attachment, THERE, NETWORK)
    planned(attempts, attachment)

    answer = invoke(app.lambda_handler, STEP)

    assert answer == by(ENDPOINT_ID, NETWORK.arn, "snra-1")
    assert aws.changes == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("request", ...),
        ("request.attempt", "1"),
        ("request.request.shareArn", "orders"),
        ("item", ...),
        ("item", "0"),
        ("turn", "mine"),
        ("turn.at", "today"),
    ],
)
def test_a_broken_step_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, STEP, path, value)
