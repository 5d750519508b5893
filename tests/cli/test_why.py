"""``drawbridge why``: the story of whatever somebody knows of a request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.aws.history_table import HistoryTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.record import Outcome
from drawbridge.record.history import command_item
from drawbridge.record.record import status_change
from drawbridge.status import Reason, Status
from tests.builders import (
    CONSUMER,
    NOW,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    STRANGER,
    execution_input,
    observed_request,
)
from tests.cli.connected import ATTACHMENT, LET_IN, connection, enter, enter_connected, enter_next_attempt, name_of
from tests.cli.operators import Drawbridge, Operator, denied

CAUSE = Reason("first-seen", "AWS lists it, and the ledger had no row of it.", source="the schedule")
HELD = Reason("no-policy-permits", "No policy permits it.")
DNS_NAME = "/drawbridge/connections/orders/orders-db/dns-name"
MADE = msgspec.structs.replace(ATTACHMENT, name="orders/orders-db")


@pytest.fixture
def history(operator: Operator) -> Iterator[HistoryTable]:
    table = operator.table("HistoryTableName")
    lost: list[str] = []
    yield HistoryTable(table, now=lambda: NOW, keep_for=timedelta(days=400), on_lost=lost.append)
    assert lost == []
    for item in table.scan(ProjectionExpression="request_id, #item", ExpressionAttributeNames={"#item": "item"})[
        "Items"
    ]:
        table.delete_item(Key=item)


@pytest.fixture
def ledger(operator: Operator, history: HistoryTable) -> Iterator[LedgerTable]:
    table = operator.table("LedgerTableName")
    yield LedgerTable(table, now=lambda: NOW, history=history)
    for item in table.scan(ProjectionExpression="request_id")["Items"]:
        table.delete_item(Key=item)


def enter_attached(ledger: LedgerTable) -> None:
    enter(
        ledger,
        SHARE,
        Status.AVAILABLE,
        let_in=LET_IN,
        attachments=(MADE,),
        published=(DNS_NAME,),
        reasons=(Reason("published", "vpce-0aaa.example", source=DNS_NAME),),
    )


@pytest.mark.parametrize(
    "named",
    [
        SHARE.request_id,
        SHARE_ARN,
        SHARE_ARN.rpartition("/")[2],
        CONSUMER,
        "orders",
        DNS_NAME,
        "/drawbridge/connections/orders/orders-db/",
        RESOURCE_ARN,
        RESOURCE_ARN.rpartition("/")[2],
        "vpce-0aaa",
        "snra-0bbb",
    ],
)
def test_a_share_is_found_by_whatever_is_known_of_it(at_work: Drawbridge, ledger: LedgerTable, named: str) -> None:
    enter_attached(ledger)
    enter_connected(ledger, connection(1), account=STRANGER)

    ended = at_work("why", named, "--json")

    assert (ended.code, ended.err) == (0, "")
    assert [each["status"]["request_id"] for each in ended.json["requests"]] == [SHARE.request_id]


@pytest.mark.parametrize(
    "named",
    [
        connection(1).request_id,
        connection(1).endpoint_id,
        STRANGER,
        SERVICE_ID,
        name_of(connection(1), STRANGER),
        f"/drawbridge/consumers/{STRANGER}/{connection(1).endpoint_id}",
    ],
)
def test_a_connection_is_found_by_whatever_is_known_of_it(at_work: Drawbridge, ledger: LedgerTable, named: str) -> None:
    enter_attached(ledger)
    enter_connected(ledger, connection(1), account=STRANGER)

    ended = at_work("why", named, "--json")

    assert [each["status"]["request_id"] for each in ended.json["requests"]] == [connection(1).request_id]


def test_the_story_is_told_from_the_first_hint_to_what_comes_next(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    ledger.claim(observed_request(request=SHARE, account_id=CONSUMER, cause=CAUSE), 1, after=None)
    held = Outcome(status=Status.HELD, reasons=(HELD,), settled=True)
    ledger.change_status(status_change(execution_input(SHARE), held), held)

    ended = at_work("why", SHARE_ARN)

    assert ended.code == 1
    at = f"{NOW:%Y-%m-%d %H:%M}"
    where, *lines = ended.out.splitlines()
    assert where == f"drawbridge in us-east-1, account {operator.account_id}"
    assert lines[:5] == [
        SHARE.request_id,
        f"  resource-share of account {CONSUMER}: {SHARE_ARN}",
        "",
        f"  {at}:00  attempt 1 began",
        "      the schedule: AWS lists it, and the ledger had no row of it. [first-seen]",
    ]
    assert lines[6:8] == [f"  {at}:00  HELD", "      No policy permits it. [no-policy-permits]"]
    now = lines[lines.index("Now") :]
    assert now[1] == "Held (1)"
    assert f"      drawbridge policy explain {SHARE.request_id}" in now


def test_what_is_taken_down_is_found_by_the_name_that_it_had(at_work: Drawbridge, ledger: LedgerTable) -> None:
    enter_attached(ledger)
    enter_next_attempt(ledger, SHARE)
    gone = Outcome(status=Status.WITHDRAWN, reasons=(), settled=True, attachments=(), taken_back=(DNS_NAME,))
    ledger.change_status(status_change(execution_input(SHARE, 2), gone), gone)

    for named in (
        "vpce-0aaa",
        "snra-0bbb",
        DNS_NAME,
        "/drawbridge/connections/orders/orders-db/",
        "/drawbridge/connections/orders",
        "orders",
        RESOURCE_ARN,
        RESOURCE_ARN.rpartition("/")[2],
    ):
        ended = at_work("why", named, "--json")
        assert [each["status"]["status"] for each in ended.json["requests"]] == ["WITHDRAWN"], named
        assert ended.code == 0
    # Not by a part of a name.
    assert at_work("why", "vpce-0aa").code == 1


def test_of_several_that_had_the_name_those_come_first_that_changed_last(
    at_work: Drawbridge, operator: Operator, history: HistoryTable, ledger: LedgerTable
) -> None:
    for minutes, number in ((0, 3), (2, 1), (1, 2)):
        then = NOW + timedelta(minutes=minutes)
        at_the_time = LedgerTable(operator.table("LedgerTableName"), now=lambda at=then: at, history=history)  # type: ignore[misc]
        enter(
            at_the_time, connection(number), Status.WITHDRAWN, taken_back=("/drawbridge/connections/old/db/dns-name",)
        )

    ended = at_work("why", "/drawbridge/connections/old/db", "--json")

    found = [each["status"]["request_id"] for each in ended.json["requests"]]
    assert found == [connection(number).request_id for number in (1, 2, 3)]


def test_of_a_long_story_the_first_hint_is_told_and_how_much_is_left_out(
    at_work: Drawbridge, history: HistoryTable, ledger: LedgerTable
) -> None:
    ledger.claim(observed_request(request=SHARE, account_id=CONSUMER, cause=CAUSE), 1, after=None)
    for second in range(1, 600):
        at = (NOW + timedelta(seconds=second)).isoformat(timespec="milliseconds")
        history.add(command_item(SHARE.request_id, 1, "retry", f"person-{second}", at))

    lines = at_work("why", SHARE_ARN).out.splitlines()
    document = at_work("why", SHARE_ARN, "--json").json["requests"][0]

    assert lines[4].endswith("attempt 1 began")
    left_out = lines.index("  … 100 items left out")
    assert lines[left_out - 1].endswith("by person-19")
    assert lines[left_out + 1].endswith("by person-120")
    assert lines[lines.index("Now") - 2].endswith("by person-599")
    assert [each["what"] for each in document["story"]].index("left-out") == 20


def test_of_what_is_unknown_it_is_told_what_was_looked_for_and_what_is_near(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter_attached(ledger)

    ended = at_work("why", "vpce-0aab")
    in_json = at_work("why", "vpce-0aab", "--json")

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == (
        f"vpce-0aab: the ledger of drawbridge in us-east-1, account {operator.account_id} knows nothing of it. "
        "Looked for it as a request's id, a share's ARN or id, an "
        "endpoint's or a transit gateway attachment's id, a published parameter or its path, a binding, an account, an "
        "endpoint service, a shared resource or an association; did you mean vpce-0aaa?\n"
    )
    assert in_json.code == 1
    assert (in_json.json["requests"], in_json.json["nearest"]) == ([], ["vpce-0aaa"])


def test_of_many_the_newest_are_told_and_the_others_named(at_work: Drawbridge, ledger: LedgerTable) -> None:
    for number in range(1, 8):
        enter_connected(ledger, connection(number))

    ended = at_work("why", CONSUMER)

    assert ended.out.count("\nNow\n") == 5
    assert "and 2 more; each by its id:" in ended.out


def test_a_story_whose_history_may_not_be_read_is_an_error_of_aws(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter_attached(ledger)

    with denied("dynamodb:Query", operator.account_id):
        ended = at_work("why", SHARE_ARN)

    assert ended.code == 3
    assert ended.err.startswith(f"AWS: read the history of {SHARE.request_id}: AccessDeniedException")


def test_names_of_strangers_do_nothing_to_the_terminal(at_work: Drawbridge, ledger: LedgerTable) -> None:
    odd: Any = Reason("policy", "clear \x1b[2J and \u202eturn", source="p")
    enter(ledger, SHARE, Status.HELD, reasons=(odd,))

    for ended in (at_work("why", SHARE_ARN), at_work("why", "\x1b[2J\u202e")):
        assert "\x1b" not in ended.out + ended.err
        assert "\u202e" not in ended.out + ended.err
