"""Requests by whatever is known of them, and what the history tells of by name."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.record.entry import Entry
from drawbridge.record.history import CommandItem, Happened, MadeObjects, StatusItem
from drawbridge.request import EndpointConnectionRequest
from drawbridge.status import Reason, Status
from drawbridge_cli.request_names import entries_named, tells_of, wanted_name
from tests.builders import ATTACHMENT_ID, NOW, PROVIDER, RESOURCE_ARN, SERVICE_ID, SHARE

NAME = "/drawbridge/connections/orders/payments/dns-name"
CONSUMERS = "/drawbridge/consumers/333333333333/vpce-0123456789abcdef0/dns-name"
ATTACHED = f"/drawbridge/consumers/333333333333/{ATTACHMENT_ID}/connection"


def entry(request_id: str, hours: float, **changes: Any) -> Entry:
    at = (NOW + timedelta(hours=hours)).isoformat(timespec="milliseconds")
    return Entry(
        request=SHARE,
        request_id=request_id,
        kind="resource-share",
        subject=f"subject of {request_id}",
        account_id=PROVIDER,
        status=Status.AVAILABLE,
        attempt=1,
        settled=True,
        updated_at=at,
        **changes,
    )


def test_of_several_those_come_first_that_changed_last() -> None:
    found = entries_named(PROVIDER, [entry("share-b", 2), entry("share-c", 3), entry("share-a", 1)])

    assert [each.request_id for each in found] == ["share-c", "share-b", "share-a"]


@pytest.mark.parametrize(
    "named",
    [
        ATTACHMENT_ID,
        f"connection-{SERVICE_ID}-{ATTACHMENT_ID}",
        SERVICE_ID,
        wanted_name(ATTACHED),
        wanted_name(ATTACHED.removesuffix("/connection")),
    ],
)
def test_an_attachment_is_found_as_an_endpoint_is(named: str) -> None:
    request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=ATTACHMENT_ID)
    attached = msgspec.structs.replace(entry(request.request_id, 0), request=request, subject=request.subject)

    assert entries_named(named, [entry("share-a", 1), attached]) == [attached]


def test_a_path_names_what_is_published_below_it_and_not_what_only_begins_alike() -> None:
    here = entry("share-a", 0, published=(NAME,))
    other = entry("share-b", 0, published=(NAME.replace("payments", "payments-old"),))

    assert entries_named("/drawbridge/connections/orders/payments", [here, other]) == [here]


MADE = MadeObjects(
    binding="orders",
    resource_arn=RESOURCE_ARN,
    endpoint_id="vpce-1",
    network_arn="arn:aws:vpc-lattice:us-east-1:222222222222:servicenetwork/sn-1",
    associations=("snra-1",),
)


@pytest.mark.parametrize(
    "name",
    [
        NAME,
        "/drawbridge/connections/orders/payments",
        "/drawbridge/connections/orders/payments/",
        "/drawbridge/connections/orders",
        CONSUMERS,
        CONSUMERS.removesuffix("/dns-name"),
        "vpce-0123456789abcdef0",
        ATTACHED,
        ATTACHED.removesuffix("/connection"),
        ATTACHMENT_ID,
        "orders",
        RESOURCE_ARN,
        RESOURCE_ARN.rpartition("/")[2],
        "vpce-1",
        MADE.network_arn,
        "sn-1",
        "snra-1",
        "audit",
    ],
)
def test_what_is_gone_is_found_by_each_name_that_it_had(name: str) -> None:
    happened: Happened = StatusItem(
        status=Status.AVAILABLE,
        settled=True,
        published=(CONSUMERS, ATTACHED),
        taken_back=(NAME,),
        made=(MADE,),
        reasons=(Reason("no-policy-permits-binding", "No.", source="audit/payments"),),
    )

    assert tells_of(happened, name)


@pytest.mark.parametrize(
    "name", ["", "/", "order", "vpce-", "/drawbridge/connections/order", "connections", "ask", "arn", "snra-11"]
)
def test_by_a_part_of_a_name_nothing_is_found(name: str) -> None:
    reasons = (Reason("policy", "orders", source="ask"), Reason("published", "x", source=NAME))
    happened = StatusItem(status=Status.AVAILABLE, settled=True, published=(NAME,), made=(MADE,), reasons=reasons)

    assert not tells_of(happened, name)


def test_only_statuses_tell_of_something_by_name() -> None:
    assert not tells_of(CommandItem(command="orders", by="orders"), "orders")


def test_what_was_denied_names_no_binding_in_a_text() -> None:
    happened = msgspec.structs.replace(
        StatusItem(status=Status.HELD, settled=True), reasons=(Reason("policy", "orders/x", source="orders"),)
    )

    assert not tells_of(happened, "orders")
