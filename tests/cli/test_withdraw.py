"""``drawbridge withdraw --confirm``, on requests that the ledger of a stack keeps."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.decision.let_in import LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.record import Outcome
from drawbridge.record.record import status_change
from drawbridge.request import EndpointConnectionRequest, Request
from drawbridge.request.absence import Absence
from drawbridge.request.announced import Announced
from drawbridge.status import Status
from tests.builders import CONSUMER, NOW, RESOURCE_ARN, SERVICE_ID, SHARE, execution_input, observed_request
from tests.cli.operators import Drawbridge, Operator, denied

REQUESTS = [EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=f"vpce-{number:017x}") for number in (1, 2)]
CAPPED, FREE = REQUESTS
SINCE = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    """Return a ledger with a connection and a share that are held back, and a connection that is only marked."""
    table = operator.table("LedgerTableName")
    ledger = LedgerTable(table, now=lambda: NOW)
    for request in (CAPPED, SHARE, FREE):
        ledger.claim(observed_request(request=request, account_id=CONSUMER), 1, after=None)
        outcome = Outcome(status=Status.AVAILABLE, reasons=(), settled=True, let_in=LetIn(at=NOW, because=()))
        ledger.change_status(status_change(execution_input(request), outcome), outcome)
        gone = RESOURCE_ARN if request is SHARE else request.subject
        ledger.note_absent(of(ledger, request.request_id), (Absence(of=gone, since=SINCE),), capped=request is not FREE)
    yield ledger
    for item in table.scan(ProjectionExpression="request_id")["Items"]:
        table.delete_item(Key=item)


def of(ledger: LedgerTable, request_id: str) -> LedgerRow:
    return ledger.rows([request_id])[request_id]


def confirmed(ledger: LedgerTable) -> list[str]:
    rows = ledger.rows([each.request_id for each in (CAPPED, SHARE, FREE)]).values()
    return sorted(row.request_id for row in rows if all(mark.confirmed for mark in row.absent))


def test_what_is_held_back_is_shown_and_let_go_and_nothing_else(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    operator.hints()

    ended = at_work("withdraw", "--confirm", typed="y\n")

    assert ended.code == 0
    rows = [line.split() for line in ended.out.splitlines()]
    assert [CAPPED.endpoint_id, CONSUMER, "all", "of", "it", "2026-11-21", "12:00", "gone"] in rows
    assert [SHARE.share_arn, CONSUMER, "1", "resources", "2026-11-21", "12:00", "gone"] in rows
    assert FREE.endpoint_id not in ended.out
    assert confirmed(ledger) == sorted([CAPPED.request_id, SHARE.request_id])
    # It stays marked as held back until the sweep lets it go.
    assert of(ledger, CAPPED.request_id).withdrawal_capped
    (hint,) = operator.hints()
    assert json.loads(hint)["detail-type"] == "Sweep"


@pytest.mark.parametrize(("options", "typed", "code"), [((), "n\n", 1), (("--dry-run",), "", 0)])
def test_without_a_yes_nothing_is_let_go(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, options: tuple[str, ...], typed: str, code: int
) -> None:
    operator.hints()

    ended = at_work("withdraw", "--confirm", *options, typed=typed)

    assert ended.code == code
    assert CAPPED.endpoint_id in ended.out
    assert (confirmed(ledger), operator.hints()) == ([], [])


def test_what_has_changed_meanwhile_is_held_back_still(
    at_work: Drawbridge, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted = LedgerTable.note_absent

    def late(self: LedgerTable, row: LedgerRow, absent: tuple[Absence, ...], *, capped: bool) -> bool:
        if row.request_id == CAPPED.request_id:
            noted(self, row, (), capped=False)
        return noted(self, row, absent, capped=capped)

    monkeypatch.setattr(LedgerTable, "note_absent", late)

    ended = at_work("withdraw", "--confirm", "--yes")

    assert ended.code == 1
    assert f"{CAPPED.request_id}: it has changed meanwhile" in ended.err
    assert of(ledger, CAPPED.request_id).absent == ()
    assert of(ledger, SHARE.request_id).absent[0].confirmed


def test_whoever_may_not_send_a_hint_is_told_that_it_takes_longer(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    with denied("sqs:SendMessage", operator.account_id):
        ended = at_work("withdraw", "--confirm", "--yes")

    assert ended.code == 0
    assert "within its schedule" in ended.err
    assert len(confirmed(ledger)) == 2


def test_where_nothing_is_held_back_nothing_is_asked(at_work: Drawbridge) -> None:
    ended = at_work("withdraw", "--confirm")

    assert (ended.code, ended.out) == (0, "nothing is held back\n")


ANNOUNCED = Announced(since=SINCE, withdraw_after=SINCE + timedelta(hours=2), forbidden=False)
LATER = Announced(
    binding="orders",
    resource_arn=RESOURCE_ARN,
    since=SINCE,
    withdraw_after=datetime(2999, 1, 1, tzinfo=UTC),
    forbidden=False,
)
PART = msgspec.structs.replace(LATER, withdraw_after=SINCE)


def announce(ledger: LedgerTable, request: Request, *marks: Announced, capped: bool = True) -> None:
    assert ledger.note_announced(of(ledger, request.request_id), marks, capped=capped)


def test_what_is_not_permitted_any_longer_and_due_is_let_go_too(at_work: Drawbridge, ledger: LedgerTable) -> None:
    announce(ledger, CAPPED, ANNOUNCED)
    announce(ledger, SHARE, PART, msgspec.structs.replace(LATER, binding="later"))
    announce(ledger, FREE, ANNOUNCED, capped=False)

    ended = at_work("withdraw", "--confirm", "--yes")

    assert ended.code == 0
    rows = [" ".join(line.split()) for line in ended.out.splitlines()]
    assert f"{CAPPED.endpoint_id} {CONSUMER} all of it 2026-11-21 12:00 gone" in rows
    assert f"{CAPPED.endpoint_id} {CONSUMER} all of it 2026-11-21 12:00 no longer permitted" in rows
    assert f"{SHARE.share_arn} {CONSUMER} 1 associations 2026-11-21 12:00 no longer permitted" in rows
    confirmed_marks = {
        request.request_id: [mark.confirmed for mark in of(ledger, request.request_id).announced]
        for request in (CAPPED, SHARE, FREE)
    }
    # What is announced for later waits for its time.
    assert confirmed_marks == {CAPPED.request_id: [True], SHARE.request_id: [True, False], FREE.request_id: [False]}
    assert confirmed(ledger) == sorted([CAPPED.request_id, SHARE.request_id])


def test_what_is_held_back_only_since_it_is_not_permitted_is_let_go(at_work: Drawbridge, ledger: LedgerTable) -> None:
    ledger.note_absent(of(ledger, CAPPED.request_id), (), capped=True)
    announce(ledger, CAPPED, ANNOUNCED)
    ledger.note_absent(of(ledger, SHARE.request_id), (), capped=True)
    announce(ledger, SHARE, LATER)

    ended = at_work("withdraw", "--confirm", "--yes", "--json")

    assert ended.code == 0
    # The share's is not due yet.
    (document,) = ended.json["requests"]
    assert (document["request_id"], document["result"]) == (CAPPED.request_id, "commanded")
    assert (document["absent"], len(document["announced"])) == ([], 1)
    row = of(ledger, CAPPED.request_id)
    assert (row.absent, row.announced[0].confirmed, row.withdrawal_capped) == ((), True, True)
    assert not of(ledger, SHARE.request_id).announced[0].confirmed


def test_what_goes_without_being_let_go_is_not_asked_about(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    """What somebody wrote a forbid against, and what has been let go already."""
    ledger.note_absent(of(ledger, CAPPED.request_id), (), capped=True)
    announce(ledger, CAPPED, msgspec.structs.replace(ANNOUNCED, forbidden=True))
    assert at_work("withdraw", "--confirm", "--yes").code == 0

    again = at_work("withdraw", "--confirm", "--yes")

    assert not of(ledger, CAPPED.request_id).announced[0].confirmed
    assert (again.code, again.out) == (0, "nothing is held back\n")
    assert [each["urgency"] for each in at_work("status", "--json").json["requests"]] != []
    assert "withdrawal-capped" not in at_work("status", "--json").out


def test_what_is_permitted_again_meanwhile_is_held_back_still(
    at_work: Drawbridge, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    announce(ledger, CAPPED, ANNOUNCED)
    noted = LedgerTable.note_announced

    def late(self: LedgerTable, row: LedgerRow, announced: tuple[Announced, ...], *, capped: bool) -> bool:
        noted(self, row, (), capped=False)
        return noted(self, row, announced, capped=capped)

    monkeypatch.setattr(LedgerTable, "note_announced", late)

    ended = at_work("withdraw", "--confirm", "--yes")

    assert ended.code == 1
    assert ended.err == f"{CAPPED.request_id}: it has changed meanwhile; look again\n"
    assert of(ledger, CAPPED.request_id).announced == ()


def test_what_is_found_gone_meanwhile_is_not_forgotten(
    at_work: Drawbridge, ledger: LedgerTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = of(ledger, CAPPED.request_id).absent
    ledger.note_absent(of(ledger, CAPPED.request_id), (), capped=True)
    announce(ledger, CAPPED, ANNOUNCED)
    followed = LedgerTable.followed

    def early(self: LedgerTable) -> list[LedgerRow]:
        rows = followed(self)
        ledger.note_absent(of(ledger, CAPPED.request_id), gone, capped=True)
        return rows

    monkeypatch.setattr(LedgerTable, "followed", early)

    assert at_work("withdraw", "--confirm", "--yes").code == 0
    row = of(ledger, CAPPED.request_id)
    assert (row.absent, row.announced[0].confirmed) == (gone, True)


def test_what_is_held_back_is_written_for_programs(at_work: Drawbridge, ledger: LedgerTable) -> None:
    ended = at_work("withdraw", "--confirm", "--dry-run", "--json")

    assert ended.code == 0
    assert ended.json["dry_run"] is True
    told = {
        each["request_id"]: (each["result"], [mark["of"] for mark in each["absent"]]) for each in ended.json["requests"]
    }
    assert told == {
        CAPPED.request_id: ("would-be-commanded", [CAPPED.endpoint_id]),
        SHARE.request_id: ("would-be-commanded", [RESOURCE_ARN]),
    }
    assert confirmed(ledger) == []


def test_where_nothing_is_held_back_a_program_is_given_an_empty_list(at_work: Drawbridge) -> None:
    assert at_work("withdraw", "--confirm", "--yes", "--json").json == {
        "dry_run": False,
        "requests": [],
        "offers": [],
    }
