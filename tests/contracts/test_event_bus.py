"""EventBridge, as the adapter promises to put events on the bus."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import msgspec
import pytest
from botocore.exceptions import ClientError

from drawbridge.aws.event_bus import EventBus
from drawbridge.discovery.announcements import BusAnnouncements
from drawbridge.discovery.review import Review
from drawbridge.errors import UpstreamError
from drawbridge.intake.notices.tell import OfferAnnouncement, OfferChange, OfferEvent
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import Request
from drawbridge.request.announced import Announced
from drawbridge.status import Reason, Status
from tests.builders import (
    CONNECTION,
    CONSUMER,
    NOW,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    execution_input,
    row,
    sample,
)
from tests.contracts.accounts import Account, answering
from tests.contracts.conftest import NewAccount

OUTCOME = Outcome(
    status=Status.AVAILABLE, reasons=(Reason("published", "name", source="/a"),), settled=True, published=("/a", "/b")
)
Heard = Callable[[], dict[str, Any]]


@pytest.fixture(scope="module")
def someone(new_account: NewAccount) -> Account:
    """Return an account with the bus, and a queue that hears all that is on it."""
    someone = new_account()
    events, sqs = someone.client("events"), someone.client("sqs")
    events.create_event_bus(Name="drawbridge")
    queue = sqs.create_queue(QueueName="heard")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rule = events.put_rule(
        Name="all", EventBusName="drawbridge", EventPattern=json.dumps({"account": [someone.account_id]})
    )["RuleArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    events.put_targets(Rule="all", EventBusName="drawbridge", Targets=[{"Id": "queue", "Arn": arn}])
    return someone


@pytest.fixture
def heard(someone: Account) -> Heard:
    """Return the next event on the bus."""
    sqs = someone.client("sqs")
    queue = sqs.get_queue_url(QueueName="heard")["QueueUrl"]

    def next_event() -> dict[str, Any]:
        (message,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=5)["Messages"]
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        event: dict[str, Any] = json.loads(message["Body"])
        return event

    return next_event


def of_service(request: Request) -> dict[str, str]:
    """Return what events say of the service, which a share has none of."""
    return {} if request is SHARE else {"serviceId": SERVICE_ID}


def bus_of(someone: Account) -> EventBus:
    return EventBus(someone.client("events"), "drawbridge")


@pytest.mark.parametrize(
    ("request_", "resources"), [(SHARE, [SHARE_ARN]), (CONNECTION, [])], ids=["share", "connection"]
)
def test_a_change_of_status_is_announced_on_the_bus(
    someone: Account, heard: Heard, request_: Request, resources: list[str]
) -> None:
    change = status_change(execution_input(request_, 2), OUTCOME, account_id=CONSUMER)

    bus_of(someone).announce(change)

    event = heard()
    assert (event["source"], event["detail-type"]) == ("drawbridge", "Request Status Changed")
    assert event["account"] == someone.account_id
    assert event["resources"] == resources
    assert event["detail"] == {
        "id": change.id,
        "requestId": request_.request_id,
        "kind": "resource-share" if request_ is SHARE else "endpoint-connection",
        "subject": request_.subject,
        "accountId": CONSUMER,
        "status": "AVAILABLE",
        "attempt": 2,
        "reasons": [{"code": "published", "text": "name", "source": "/a"}],
        "published": ["/a", "/b"],
    } | of_service(request_)


def test_each_notification_is_relayed_by_itself(someone: Account, heard: Heard) -> None:
    details = [{"serviceIds": [f"vpce-svc-{number}"], "endpointIds": []} for number in range(2)]

    bus_of(someone).relay(details)

    events = [heard(), heard()]
    assert {event["detail-type"] for event in events} == {"Endpoint Connection Notification"}
    assert sorted((event["detail"] for event in events), key=str) == details


def test_trap_10_an_event_that_a_successful_call_did_not_take_is_an_error(someone: Account) -> None:
    failed = {"FailedEntryCount": 1, "Entries": [{"ErrorCode": "InternalFailure", "ErrorMessage": "not now"}]}

    with (
        answering(someone.client("events"), "put_events", failed),
        pytest.raises(UpstreamError, match="InternalFailure: not now"),
    ):
        bus_of(someone).relay([{}])


@pytest.mark.parametrize(
    ("request_", "resources"), [(SHARE, [SHARE_ARN]), (CONNECTION, [])], ids=["share", "connection"]
)
def test_what_a_review_came_to_is_announced_on_the_bus(
    someone: Account, heard: Heard, request_: Request, resources: list[str]
) -> None:
    let_in = row(Status.AVAILABLE, request=request_, attempt=2)
    reasons = tuple(Reason("policy", "no more", source=f"stop-{number}") for number in range(60))

    BusAnnouncements(bus_of(someone)).reviewed(
        let_in, Review(permitted=False, reasons=reasons), policies_fingerprint="digest"
    )

    event = heard()
    assert (event["detail-type"], event["resources"]) == ("Request Reviewed", resources)
    reasons = event["detail"]["reasons"]
    assert (reasons[0], reasons[-1]["code"]) == ({"code": "policy", "text": "no more", "source": "stop-0"}, "more")
    assert event["detail"] | {"reasons": ()} == {
        "id": f"{request_.request_id}/2/reviewed/digest",
        "requestId": request_.request_id,
        "kind": "resource-share" if request_ is SHARE else "endpoint-connection",
        "subject": request_.subject,
        "accountId": CONSUMER,
        "status": "AVAILABLE",
        "permitted": False,
        "reasons": (),
    }


MARK = Announced(since=NOW, withdraw_after=NOW + timedelta(hours=168), forbidden=True, reasons=(OUTCOME.reasons[0],))


@pytest.mark.parametrize(
    ("request_", "resources"), [(SHARE, [SHARE_ARN]), (CONNECTION, [])], ids=["share", "connection"]
)
def test_what_is_to_be_taken_down_is_announced_on_the_bus(
    someone: Account, heard: Heard, request_: Request, resources: list[str]
) -> None:
    part = msgspec.structs.replace(MARK, binding="orders", resource_arn=RESOURCE_ARN, withdraw_after=NOW)
    let_in = row(Status.AVAILABLE, request=request_, attempt=2, announced=(MARK, part))

    BusAnnouncements(bus_of(someone)).announced(let_in, "digest")

    event = heard()
    assert (event["source"], event["detail-type"], event["resources"]) == (
        "drawbridge",
        "Withdrawal Announced",
        resources,
    )
    assert event["detail"] == {
        "id": f"{request_.request_id}/2/announced/digest",
        "requestId": request_.request_id,
        "kind": "resource-share" if request_ is SHARE else "endpoint-connection",
        "subject": request_.subject,
        "accountId": CONSUMER,
        "status": "AVAILABLE",
        "withdrawAfter": "2026-11-21T12:00:00+00:00",
        "associations": [{"binding": "orders", "resource": RESOURCE_ARN}],
        "reasons": [{"code": "published", "text": "name", "source": "/a"}],
    } | of_service(request_)


def test_what_is_not_to_be_taken_down_any_longer_is_said_on_the_bus(someone: Account, heard: Heard) -> None:
    BusAnnouncements(bus_of(someone)).announced(row(Status.AVAILABLE, attempt=2), "digest")

    event = heard()
    assert event["detail-type"] == "Withdrawal Cancelled"
    assert event["detail"]["id"] == f"{CONNECTION.request_id}/2/cancelled/digest"
    assert event["detail"].keys().isdisjoint({"withdrawAfter", "associations", "reasons"})


def test_an_announcement_has_room_for_as_many_associations_as_there_may_be(someone: Account, heard: Heard) -> None:
    marks = tuple(
        msgspec.structs.replace(MARK, binding="b" * 60, resource_arn=f"{RESOURCE_ARN}{number:04}")
        for number in range(150)
    )

    BusAnnouncements(bus_of(someone)).announced(row(Status.AVAILABLE, announced=marks), "digest")

    event = heard()
    assert len(event["detail"]["associations"]) == 100
    assert len(event["detail"]["reasons"]) == 1


def offer_change(number: int = 0, **changes: Any) -> OfferChange:
    of = OfferChange(
        id=f"msg_{number:016}",
        kind="offered-share",
        subject=SHARE_ARN,
        account_id=CONSUMER,
        status=Status.PENDING,
        time=NOW.isoformat(),
    )
    return msgspec.structs.replace(of, **changes)


@pytest.mark.parametrize(
    ("event", "name", "changes"),
    [
        (OfferEvent.STATUS_CHANGED, "offer-status-changed", {"accept_until": "2026-11-22T00:00:00+00:00"}),
        (
            OfferEvent.WITHDRAWAL_ANNOUNCED,
            "offer-withdrawal-announced",
            {
                "status": Status.AVAILABLE,
                "withdraw_after": "2026-11-28T12:00:00+00:00",
                "reasons": ({"code": "policy", "text": "Gold is sold no longer.", "source": "no-gold"},),
            },
        ),
        (OfferEvent.WITHDRAWAL_CANCELLED, "offer-withdrawal-cancelled", {"status": Status.AVAILABLE}),
    ],
)
def test_what_became_of_a_share_that_is_offered_is_on_the_bus_as_its_sample_is(
    event: OfferEvent, name: str, changes: dict[str, Any], someone: Account, heard: Heard
) -> None:
    written = sample(name)
    change = offer_change(tier="gold", **changes | {"id": written["detail"]["id"]})

    assert bus_of(someone).announce_offers([OfferAnnouncement(event, change)]) == {change.id}

    found = heard()
    fields = ("source", "detail-type", "resources")
    assert [found[each] for each in fields] == [written[each] for each in fields]
    assert found["detail"] == written["detail"]


def test_many_offers_are_put_on_the_bus_ten_in_a_call_and_those_that_are_on_it_told(someone: Account) -> None:
    calls: list[list[str]] = []

    def put(**given: Any) -> dict[str, Any]:
        calls.append([each["DetailType"] for each in given["Entries"]])
        failed = [{"ErrorCode": "InternalFailure"} if "0002" in each["Detail"] else {} for each in given["Entries"]]
        return {"FailedEntryCount": 1, "Entries": failed}

    events = Mock(put_events=put)
    some = [OfferAnnouncement(OfferEvent.STATUS_CHANGED, offer_change(number)) for number in range(12)]
    some.insert(5, OfferAnnouncement(OfferEvent.WITHDRAWAL_CANCELLED, offer_change(13)))

    on_bus = EventBus(events, "drawbridge").announce_offers(some)

    assert [len(each) for each in calls] == [10, 2, 1]
    assert all(len({*each}) == 1 for each in calls)
    assert on_bus == {each.change.id for each in some} - {"msg_0000000000000002"}


def test_many_changes_are_put_on_the_bus_ten_in_a_call_and_those_that_are_on_it_told(
    someone: Account, heard: Heard
) -> None:
    changes = [status_change(execution_input(CONNECTION, number), OUTCOME) for number in range(1, 13)]
    calls: list[int] = []

    def put(**given: Any) -> dict[str, Any]:
        calls.append(len(given["Entries"]))
        if len(calls) > 1:
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slower"}}, "PutEvents")
        failed = [
            {"ErrorCode": "InternalFailure"} if '"attempt":2' in each["Detail"] else {} for each in given["Entries"]
        ]
        return {"FailedEntryCount": 1, "Entries": failed}

    on_bus = EventBus(Mock(put_events=put), "drawbridge").announce_all(changes)
    really = bus_of(someone).announce_all(changes[:1])

    assert calls == [10, 2]
    assert on_bus == {each.id for each in changes[:10]} - {changes[1].id}
    assert really == {changes[0].id} == {heard()["detail"]["id"]}


def test_changes_that_are_too_large_for_one_call_are_put_in_several(someone: Account) -> None:
    large = Outcome(
        status=Status.AVAILABLE, reasons=(), settled=True, published=tuple(f"/{n:01000}" for n in range(100))
    )
    changes = [status_change(execution_input(CONNECTION, number), large) for number in range(1, 6)]

    assert bus_of(someone).announce_all(changes) == {each.id for each in changes}
