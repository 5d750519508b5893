"""The door of ``tell_consumers``: an event says which row to read, and a signed notice of it goes out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given

from drawbridge.aws.webhook_secret import Webhook
from drawbridge.errors import AccessDeniedError, DrawbridgeError, UpstreamError
from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.intake.offering.share_notice import ShareNotice, ShareNoticeType
from drawbridge.record.entry import Entry
from drawbridge.request import kind_of
from drawbridge.request.announced import Announced
from drawbridge.status import Status
from drawbridge.webhook.address import WebhookAddress, webhook_address
from drawbridge.webhook.signing import key_of
from functions.tell_consumers import app
from tests.builders import CONNECTION, CONSUMER, NOW, SHARE, SHARE_ARN, sample
from tests.functions.invocations import CONTEXT, refuses
from tests.odd import fuzzed, with_odd_members
from tests.unit.announcing import of_whole
from tests.webhooks import SECRET, verified

URL = "https://hooks.example.com/told"
ID = CONNECTION.request_id
EVENT: dict[str, Any] = {
    "version": "0",
    "source": "drawbridge",
    "detail-type": "Request Status Changed",
    "detail": {
        "id": f"{ID}/1/AVAILABLE/0f6c1a523a5d4d0b",
        "requestId": ID,
        "kind": "endpoint-connection",
        "status": "AVAILABLE",
    },
}
OFFERED, OFFER_ANNOUNCED, OFFER_CANCELLED = OFFERS = [
    sample(f"offer-{name}") for name in ("status-changed", "withdrawal-announced", "withdrawal-cancelled")
]
CANCELLED = sample("withdrawal-cancelled") | {"detail": {"id": f"{ID}/1/cancelled/5d41402abc4b2a76", "requestId": ID}}


class World:
    """The ledger, the secret and the webhook."""

    def __init__(self) -> None:
        self.rows: dict[str, Entry] = {}
        self.records: dict[tuple[str, str], OfferRecord] = {}
        self.sent: list[tuple[WebhookAddress, dict[str, str], bytes]] = []
        self.secret: Webhook | None = Webhook(webhook_address(URL), (key_of(SECRET),))
        self.fails: DrawbridgeError | None = None
        self.put(Status.AVAILABLE)

    def put(self, status: Status, *announced: Announced, request: Any = CONNECTION) -> None:
        self.rows[request.request_id] = Entry(
            request=request,
            request_id=request.request_id,
            kind=kind_of(request),
            subject=request.subject,
            account_id=CONSUMER,
            status=status,
            attempt=1,
            settled=True,
            updated_at=NOW.isoformat(),
            announced=announced,
        )

    def put_offer(self, kind: ShareNoticeType | None, *, until: datetime | None = None) -> None:
        self.records[SHARE_ARN, CONSUMER] = OfferRecord(
            target=SHARE_ARN,
            principal=CONSUMER,
            account_id=CONSUMER,
            offered_at=NOW,
            notice=ShareNotice(type=kind, since=NOW, until=until) if kind else None,
        )

    def one(self, target: str, principal: str) -> OfferRecord | None:
        return self.records.get((target, principal))

    def entry(self, request_id: str) -> Entry | None:
        return self.rows.get(request_id)

    def webhook(self) -> Webhook:
        if self.secret is None:
            raise AccessDeniedError("the secret drawbridge/webhook is not there")
        return self.secret

    def send(self, address: WebhookAddress, headers: Mapping[str, str], body: bytes) -> None:
        if self.fails:
            raise self.fails
        self.sent.append((address, dict(headers), body))

    @property
    def notices(self) -> list[Any]:
        return [json.loads(body) for _, headers, body in self.sent if verified(headers, body)]


def enter(world: World, patch: pytest.MonkeyPatch) -> None:
    for name in ("ledger", "offers", "secrets", "sender"):
        patch.setattr(app, name, lambda: world)
    patch.setattr(app, "now", lambda: datetime.fromtimestamp(5, UTC))


@pytest.fixture(autouse=True)
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    enter(world, monkeypatch)
    return world


def test_what_the_ledger_says_is_told_signed(world: World) -> None:
    app.lambda_handler(EVENT, CONTEXT)

    ((address, headers, _),) = world.sent
    assert (address, headers["webhook-timestamp"]) == (webhook_address(URL), "5")
    (notice,) = world.notices
    assert (notice["type"], notice["accountId"]) == ("connection.available", CONSUMER)


@pytest.mark.parametrize(
    "detail",
    [{"status": "REJECTED"}, {"accountId": "999999999999", "subject": "vpce-1"}, {"reasons": [{"text": "Pay now."}]}],
)
def test_an_event_says_which_request_to_read_and_nothing_else(world: World, detail: dict[str, Any]) -> None:
    app.lambda_handler(EVENT, CONTEXT)
    app.lambda_handler(EVENT | {"detail": EVENT["detail"] | detail}, CONTEXT)

    first, second = world.notices
    assert first == second


def test_what_is_delivered_twice_has_one_id(world: World) -> None:
    for event in (EVENT, EVENT, EVENT | {"id": "another"}, CANCELLED, CANCELLED | {"id": "another"}):
        app.lambda_handler(event, CONTEXT)

    told, cancelled = {each["id"] for each in world.notices[:3]}, {each["id"] for each in world.notices[3:]}
    assert (len(told), len(cancelled), len(told | cancelled)) == (1, 1, 2)


def test_what_is_announced_is_told_with_its_time(world: World) -> None:
    world.put(Status.AVAILABLE, of_whole())

    app.lambda_handler(EVENT | {"detail-type": "Withdrawal Announced"}, CONTEXT)

    (notice,) = world.notices
    assert (notice["type"], notice["status"]) == ("connection.withdrawal-announced", "AVAILABLE")
    assert notice["until"] == of_whole().withdraw_after.isoformat(timespec="seconds")


def test_of_a_share_and_of_a_request_that_is_not_there_nobody_is_told(world: World) -> None:
    world.put(Status.AVAILABLE, request=SHARE)

    for request_id in (SHARE.request_id, "connection-nobody-knows"):
        app.lambda_handler(EVENT | {"detail": EVENT["detail"] | {"requestId": request_id}}, CONTEXT)

    assert world.sent == []


@pytest.mark.parametrize("event", OFFERS, ids=lambda each: each["detail-type"])
def test_what_is_on_record_of_a_share_is_told_whichever_event_says_so(event: dict[str, Any], world: World) -> None:
    world.put_offer(ShareNoticeType.ANNOUNCED, until=NOW)

    app.lambda_handler(event, CONTEXT)
    app.lambda_handler(event | {"detail": event["detail"] | {"status": "WITHDRAWN", "tier": "silver"}}, CONTEXT)

    first, second = world.notices
    assert first == second
    assert (first["type"], first["status"], first["until"]) == (
        "share.withdrawal-announced",
        "AVAILABLE",
        NOW.isoformat(timespec="seconds"),
    )
    assert (first["accountId"], first["shareArn"]) == (CONSUMER, SHARE_ARN)


def test_of_a_share_that_is_withdrawn_and_forgotten_the_event_is_enough(world: World) -> None:
    withdrawn = OFFERED | {"detail": OFFERED["detail"] | {"status": "WITHDRAWN"}}

    for _ in range(2):
        app.lambda_handler(withdrawn, CONTEXT)

    first, second = world.notices
    assert first == second
    assert (first["id"], first["type"]) == (OFFERED["detail"]["id"], "share.withdrawn")


@pytest.mark.parametrize("is_begun", [True, False])
def test_of_an_offer_of_which_there_is_nothing_to_tell_nobody_is_told(is_begun: bool, world: World) -> None:
    if is_begun:
        world.put_offer(None)

    app.lambda_handler(OFFERED, CONTEXT)

    assert world.sent == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("detail.id", ...),
        ("detail.id", "connection-1/1/AVAILABLE"),
        ("detail.subject", ...),
        ("detail.subject", "vpce-svc-0123456789abcdef0"),
        ("detail.subject", f"{SHARE_ARN}{'0' * 500}"),
        ("detail.accountId", "22222222222"),
        ("detail.accountId", 222222222222),
        ("detail.status", "GONE"),
    ],
)
def test_a_broken_event_of_an_offer_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, OFFERED, path, value)


def test_of_nothing_to_tell_no_secret_is_read(world: World) -> None:
    world.secret = None
    world.put(Status.HELD)

    app.lambda_handler(EVENT, CONTEXT)

    assert world.sent == []


def test_without_its_secret_the_event_fails_so_that_it_is_kept(world: World) -> None:
    world.secret = None

    with pytest.raises(AccessDeniedError, match="drawbridge/webhook is not there"):
        app.lambda_handler(EVENT, CONTEXT)


def test_a_webhook_that_fails_has_lambda_try_again(world: World) -> None:
    world.fails = UpstreamError("hooks.example.com answers with status 500")

    with pytest.raises(UpstreamError):
        app.lambda_handler(EVENT, CONTEXT)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("detail.id", ...),
        ("detail.id", ""),
        ("detail.id", "x" * 501),
        ("detail-type", ...),
        ("detail-type", 7),
        ("detail", ...),
        ("detail.requestId", ...),
        ("detail.requestId", ""),
        ("detail.requestId", "x" * 201),
    ],
)
def test_a_broken_event_is_refused_by_its_field(path: str, value: object) -> None:
    refuses(app.lambda_handler, EVENT, path, value)


@fuzzed
@given(with_odd_members(EVENT) | with_odd_members(CANCELLED) | with_odd_members(OFFERED))
def test_a_member_of_any_type_is_accepted_or_refused(text: str) -> None:
    try:
        event = json.loads(text)
    except (ValueError, RecursionError):
        return
    world = World()
    with pytest.MonkeyPatch.context() as patch:
        enter(world, patch)
        if isinstance(event, dict):
            try:
                app.lambda_handler(event, CONTEXT)
            except DrawbridgeError:
                assert world.sent == []
