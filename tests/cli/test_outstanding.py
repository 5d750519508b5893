"""What of the ledger's requests is not at rest: ``drawbridge plan`` and ``bindings`` say so, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from drawbridge.approval.ask import Pending
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.review import Review
from drawbridge.request import ResourceShareRequest
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason, Status
from drawbridge_cli.outstanding import Outstanding, Situation, outstanding_among, situation_of
from tests.builders import CONSUMER, NOW, PROVIDER, RESOURCE_ARN, SHARE, SHARE_ARN, question, row, share_facts
from tests.cli.connected import LET_IN, connection, enter, ledger_of, row_of
from tests.cli.made import entry
from tests.cli.operators import Drawbridge, Operator
from tests.cli.sharing import bind, forget_bindings
from tests.unit.planning import binding

WHY = Reason("policy", "a person decides", source="ask-for-the-rest")
FORBIDDEN = Reason("policy", "contract ended", source="block-list")
AFTER = NOW + timedelta(hours=168)
WHOLE = Announced(since=NOW, withdraw_after=AFTER, forbidden=True, reasons=(FORBIDDEN,))
PART = Announced(
    binding="orders", resource_arn=RESOURCE_ARN, since=NOW, withdraw_after=AFTER, forbidden=True, reasons=(FORBIDDEN,)
)
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)


@pytest.mark.parametrize(
    ("status", "changes", "situation"),
    [
        (Status.PENDING, {"settled": False}, Situation.UNDER_WAY),
        (Status.ASSOCIATING, {"settled": False}, Situation.UNDER_WAY),
        (Status.WAITING_FOR_APPROVAL, {"settled": False}, Situation.WAITING),
        (Status.HELD, {}, Situation.HELD),
        (Status.FAILED, {}, Situation.FAILED),
        (Status.AVAILABLE, {"announced": (WHOLE,)}, Situation.ANNOUNCED),
        (Status.AVAILABLE, {"announced": (WHOLE,), "withdrawal_capped": True}, Situation.HELD_BACK),
        (Status.WITHDRAWING, {"announced": (WHOLE,), "settled": False}, Situation.WITHDRAWING),
        (Status.AVAILABLE, {"commanded": COMMAND}, Situation.WITHDRAWING),
        (Status.ACCEPTED, {}, None),
        (Status.AVAILABLE, {}, None),
        (Status.WITHDRAWN, {"commanded": COMMAND}, None),
        (Status.REJECTED, {}, None),
        (Status.EXPIRED, {}, None),
    ],
)
def test_what_is_at_rest_and_what_is_not(status: Status, changes: dict[str, Any], situation: Situation | None) -> None:
    assert situation_of(row(status, **changes)) is situation


def told(
    there: LedgerRow, reasons: tuple[Reason, ...] = (WHY,), until: datetime | None = None, share_name: str = "orders"
) -> Outstanding:
    of = entry(share_facts(share_name=share_name), there.status, reasons=reasons)
    pending = {there.request_id: Pending(until, waits=True, decided=False)} if until else {}
    (found,) = outstanding_among([there], lambda _: of, lambda _: pending)
    return found


def share_row(status: Status, **changes: Any) -> LedgerRow:
    fields: dict[str, Any] = {"request": SHARE, "account_id": PROVIDER} | changes
    return row(status, **fields)


def test_what_waits_says_until_when_and_how_it_is_answered() -> None:
    waits = told(share_row(Status.WAITING_FOR_APPROVAL, settled=False), until=NOW)

    assert (waits.text, waits.reasons) == ("waits for a person until 2026-11-21 12:00 UTC", (WHY,))
    assert waits.next == f"drawbridge approve {SHARE.request_id}"


@pytest.mark.parametrize("until", [None, datetime.max.replace(tzinfo=UTC)])
def test_where_it_is_not_known_until_when_it_waits_it_is_not_said(until: datetime | None) -> None:
    assert told(share_row(Status.WAITING_FOR_APPROVAL, settled=False), until=until).text == "waits for a person"


def test_what_is_announced_says_when_it_goes_and_the_reasons_of_that() -> None:
    goes, part = (told(share_row(Status.AVAILABLE, announced=(each,))) for each in (WHOLE, PART))

    assert goes.text == "is announced to be taken down from 2026-11-28 12:00 UTC on"
    assert part.text == f"what orders has of it {goes.text}"
    assert goes.reasons == part.reasons == (FORBIDDEN,)


@pytest.mark.parametrize(
    ("there", "concerns"),
    [
        (share_row(Status.HELD), True),
        (share_row(Status.HELD, account_id="333333333333"), False),
        (share_row(Status.AVAILABLE, announced=(PART,)), True),
        (row(Status.HELD), False),
    ],
)
def test_a_binding_is_concerned_by_shares_that_it_may_match(there: LedgerRow, *, concerns: bool) -> None:
    mine = binding("orders", match={"provider": PROVIDER, "share": "ord*"})
    other = binding("users", match={"provider": PROVIDER, "share": "ord*"})

    assert told(there).concerns(mine) is concerns
    assert told(share_row(Status.AVAILABLE, announced=(PART,))).concerns(other) is False
    assert told(share_row(Status.HELD), share_name="billing").concerns(mine) is False
    assert told(share_row(Status.HELD), share_name="").concerns(mine) is True


# ---- the commands ----------------------------------------------------------------------------------------------------

HELD, FAILED, CONNECTED = connection(1), connection(2), connection(3)
OTHER = ResourceShareRequest(share_arn=f"{SHARE_ARN}-2")
RETRIED = Reason("ThrottlingException", "Rate exceeded")


@pytest.fixture
def ledger(operator: Operator) -> Iterator[LedgerTable]:
    with ledger_of(operator) as ledger:
        yield ledger
    forget_bindings(operator)


def enter_waiting(operator: Operator, ledger: LedgerTable) -> None:
    """Have a person asked about an invitation that nobody has answered: its share is not in effect."""
    enter(ledger, SHARE, Status.WAITING_FOR_APPROVAL, account=PROVIDER, settled=False, reasons=(WHY,))
    asked = question(request_id=SHARE.request_id, deadline=datetime(2999, 1, 1, 9, 30, tzinfo=UTC))
    ApprovalsTable(operator.table("ApprovalsTableName"), now=lambda: NOW).open(asked, "token", "https://link")


def announce(ledger: LedgerTable) -> None:
    enter(ledger, OTHER, Status.AVAILABLE, account=PROVIDER, let_in=LET_IN)
    refused = Review(permitted=False, reasons=(FORBIDDEN,))
    assert ledger.note_review(row_of(ledger, OTHER), refused, (WHOLE,), policies_fingerprint="stricter")


WAITING_LINES = [
    f"{SHARE_ARN} of {PROVIDER} waits for a person until 2999-01-01 09:30 UTC",
    "  ask-for-the-rest: a person decides",
    f"  go on with: drawbridge approve {SHARE.request_id}",
]


def test_a_share_that_waits_for_a_person_is_not_nothing_to_do(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter_waiting(operator, ledger)

    shown, asked, written = (at_work("plan", *each) for each in ((), ("--exit-code",), ("--json",)))

    assert (shown.code, asked.code, shown.err) == (0, 1, "")
    assert shown.out.splitlines() == [
        *WAITING_LINES,
        "",
        "Nothing is to be made or taken down now; 1 waits for a person.",
    ]
    assert written.json["asWanted"] is False
    (waits,) = written.json["outstanding"]
    assert (waits["requestId"], waits["situation"], waits["until"]) == (
        SHARE.request_id,
        "waiting-for-approval",
        "2999-01-01T09:30:00+00:00",
    )


def test_what_is_held_failed_or_announced_is_said_with_its_reasons_and_what_to_do(
    at_work: Drawbridge, ledger: LedgerTable
) -> None:
    enter(ledger, HELD, Status.HELD, reasons=(WHY,))
    enter(ledger, FAILED, Status.FAILED, reasons=(RETRIED,))
    enter(ledger, CONNECTED, Status.AVAILABLE, let_in=LET_IN)
    announce(ledger)

    ended = at_work("plan", "--exit-code")

    assert ended.code == 1
    assert ended.out.splitlines() == [
        f"{FAILED.endpoint_id} of {CONSUMER} has failed, and is tried again",
        "  Rate exceeded [ThrottlingException]",
        f"  go on with: drawbridge retry {FAILED.request_id}",
        f"{HELD.endpoint_id} of {CONSUMER} is held",
        "  ask-for-the-rest: a person decides",
        f"  go on with: drawbridge policy explain {HELD.request_id}",
        f"{OTHER.share_arn} of {PROVIDER} is announced to be taken down from 2026-11-28 12:00 UTC on",
        "  block-list: contract ended",
        f"  go on with: drawbridge policy explain {OTHER.request_id}",
        "",
        "Nothing is to be made or taken down now; 1 has failed; 1 is held; 1 is announced to be taken down.",
    ]


def test_what_is_connected_let_in_or_over_leaves_nothing_to_do(at_work: Drawbridge, ledger: LedgerTable) -> None:
    enter(ledger, CONNECTED, Status.AVAILABLE, let_in=LET_IN)
    enter(ledger, SHARE, Status.ACCEPTED, account=PROVIDER, let_in=LET_IN)
    enter(ledger, HELD, Status.REJECTED)

    ended = at_work("plan", "--exit-code")

    assert (ended.code, ended.out) == (0, "Nothing to do: everything is as wanted.\n")


def text(provider: str) -> str:
    attach = {"mode": "resource-endpoint", "vpc": {"tag": {"Stage": "moon"}}}
    return json.dumps({"match": {"provider": provider}, "attach": attach})


def test_of_one_binding_only_what_it_may_match_is_said(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter_waiting(operator, ledger)
    enter(ledger, HELD, Status.HELD)
    bind(operator, "orders", text(PROVIDER))
    bind(operator, "others", text("333333333333"))

    mine, others = (at_work("plan", "--exit-code", "--binding", name) for name in ("orders", "others"))

    assert (mine.code, mine.out.splitlines()[-1]) == (
        1,
        "Nothing is to be made or taken down now; 1 waits for a person.",
    )
    assert (others.code, others.out) == (0, "Nothing to do: everything is as wanted.\n")


def test_a_binding_that_is_applied_says_what_it_may_match_and_waits(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable, tmp_path: Path
) -> None:
    enter_waiting(operator, ledger)
    (tmp_path / "orders.json").write_text(text(PROVIDER), encoding="utf-8")
    (tmp_path / "others.json").write_text(text("333333333333"), encoding="utf-8")

    mine, others = (
        at_work("bindings", "apply", str(tmp_path / f"{name}.json"), "--dry-run") for name in ("orders", "others")
    )

    assert mine.out.splitlines()[-5:] == [
        "Nothing that is let in and in effect now would be associated otherwise.",
        "1 that they may match and not at rest",
        *WAITING_LINES,
    ]
    assert others.out.splitlines()[-1] == "Nothing that is shared now would be associated otherwise."


def test_a_binding_is_listed_and_shown_with_what_it_waits_for_and_that_no_vpc_is_there(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter_waiting(operator, ledger)
    announce(ledger)
    bind(operator, "orders", text(PROVIDER))

    listed, shown = at_work("bindings", "list").out.splitlines(), at_work("bindings", "show", "orders").out.splitlines()

    waits = "waits for a person until 2999-01-01 09:30 UTC: ask-for-the-rest: a person decides"
    goes = "is announced to be taken down from 2026-11-28 12:00 UTC on: block-list: contract ended"
    notes = [
        "matches nothing that is shared with this account now",
        "no VPC of this account has Stage=moon",
        f"{SHARE_ARN} {waits}; go on with: drawbridge approve {SHARE.request_id}",
        f"{OTHER.share_arn} {goes}; go on with: drawbridge policy explain {OTHER.request_id}",
    ]
    assert [line for line in listed if line.startswith("orders: ")] == [f"orders: {note}" for note in notes]
    assert [line for line in shown if line in notes] == notes
