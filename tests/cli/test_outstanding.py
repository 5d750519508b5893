"""What of the ledger's requests is not at rest: ``drawbridge plan`` and ``bindings`` say so, and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from drawbridge.approval.ask import Pending
from drawbridge.association.binding import Binding
from drawbridge.aws.approvals_table import ApprovalsTable
from drawbridge.aws.ledger_table import LedgerTable
from drawbridge.discovery.review import Review
from drawbridge.record.entry import Entry
from drawbridge.request import ResourceShareRequest
from drawbridge.request.announced import Announced, WithdrawalCommand
from drawbridge.status import Reason, Status
from drawbridge_cli.outstanding import Outstanding, outstanding_among
from drawbridge_cli.request_status import Known, request_status
from drawbridge_cli.status_screen import by_urgency
from drawbridge_cli.urgency import Urgency
from tests.builders import (
    CONSUMER,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SHARE,
    SHARE_ARN,
    connection_facts,
    question,
    share_facts,
)
from tests.cli.connected import LET_IN, connection, enter, ledger_of, row_of
from tests.cli.made import entry
from tests.cli.operators import Drawbridge, Operator, denied
from tests.cli.sharing import bind, forget_bindings
from tests.lives import NAMED
from tests.unit.planning import binding

WHY = Reason("policy", "a person decides", source="ask-for-the-rest")
FORBIDDEN = Reason("policy", "contract ended", source="block-list")
AFTER = NOW + timedelta(hours=168)
WHOLE = Announced(since=NOW, withdraw_after=AFTER, forbidden=True, reasons=(FORBIDDEN,))
PART = Announced(
    binding="orders", resource_arn=RESOURCE_ARN, since=NOW, withdraw_after=AFTER, forbidden=True, reasons=(FORBIDDEN,)
)
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)


def share_entry(status: Status, share_name: str = "orders", **changes: Any) -> Entry:
    return entry(share_facts(share_name=share_name), status, **({"reasons": (WHY,)} | changes))


def known(there: Entry, question: Pending | None = None) -> Known:
    return Known(there, request_status(there, NOW, expiring_within=timedelta(0), question=question))


def told(there: Entry, question: Pending | None = None) -> tuple[Outstanding, ...]:
    """Return what is outstanding of a request, which is followed without its decision record."""
    without = msgspec.structs.replace(there, decision_record=None)
    return outstanding_among([known(without, question)], lambda _: there, NOW)


@pytest.mark.parametrize(
    ("status", "changes", "is_so"),
    [
        (Status.PENDING, {"settled": False}, True),
        (Status.ASSOCIATING, {"settled": False}, True),
        (Status.WAITING_FOR_APPROVAL, {"settled": False}, True),
        (Status.HELD, {}, True),
        (Status.FAILED, {}, True),
        (Status.AVAILABLE, {"announced": (WHOLE,)}, True),
        (Status.AVAILABLE, {"announced": (WHOLE,), "withdrawal_capped": True}, True),
        (Status.WITHDRAWING, {"announced": (WHOLE,), "settled": False}, True),
        (Status.AVAILABLE, {"commanded": COMMAND}, True),
        (Status.AVAILABLE, {"kept": (Reason("kept", "It is live."),)}, True),
        (Status.AVAILABLE, {"drift_fingerprint": "moved"}, True),
        # The plan says itself what is refused, as things are now.
        (Status.AVAILABLE, {"incomplete": True}, False),
        (Status.ACCEPTED, {"reasons": ()}, False),
        (Status.AVAILABLE, {}, False),
        (Status.WITHDRAWN, {"commanded": COMMAND}, False),
        (Status.REJECTED, {}, False),
        (Status.EXPIRED, {}, False),
    ],
)
def test_what_is_not_at_rest_is_outstanding(status: Status, changes: dict[str, Any], *, is_so: bool) -> None:
    assert bool(told(share_entry(status, **changes))) is is_so


def test_every_urgency_but_those_at_rest_or_told_by_the_plan_is_outstanding() -> None:
    found = outstanding_among(map(known, NAMED.values()), lambda _: None, NOW)

    assert {*Urgency} - {each.status.urgency for each in found} == {
        Urgency.CONNECTED,
        Urgency.ACCEPTED_ONLY,
        Urgency.IN_PART,
        Urgency.OVER,
    }
    assert [each.status for each in found] == by_urgency([each.status for each in found])


def test_what_waits_says_until_when_and_how_it_is_answered() -> None:
    there = share_entry(Status.WAITING_FOR_APPROVAL, settled=False)
    (waits,) = told(there, Pending(AFTER, waits=True, decided=False))

    assert waits.text == f"{there.subject} (orders) of {PROVIDER} waits for a person until 2026-11-28 12:00 UTC"
    assert waits.status.reasons == (WHY,)
    assert waits.status.next == f"drawbridge approve {there.request_id}"


@pytest.mark.parametrize("question", [None, Pending(None, waits=True, decided=True)])
def test_where_it_is_not_known_until_when_it_waits_it_is_not_said(question: Pending | None) -> None:
    (waits,) = told(share_entry(Status.WAITING_FOR_APPROVAL, settled=False), question)

    assert waits.text.endswith(" waits for a person")


def test_what_is_announced_says_when_it_goes_and_the_reasons_of_that() -> None:
    (goes,), (part,) = (told(share_entry(Status.AVAILABLE, announced=(each,))) for each in (WHOLE, PART))

    of, when = f"{SHARE_ARN} (orders) of {PROVIDER}", "is announced to be taken down from 2026-11-28 12:00 UTC on"
    assert goes.text == f"{of} {when}"
    assert part.text == f"{of}: what orders has of it {when}"
    assert goes.status.reasons[0] == part.status.reasons[0] == FORBIDDEN


def test_what_is_being_taken_down_says_so() -> None:
    (goes,) = told(share_entry(Status.WITHDRAWING, settled=False))

    assert goes.text.endswith(" is being taken down")


@pytest.mark.parametrize(
    ("there", "concerns"),
    [
        (share_entry(Status.HELD), True),
        (share_entry(Status.HELD, account_id="333333333333"), False),
        (share_entry(Status.AVAILABLE, announced=(PART,)), True),
        (entry(connection_facts(), Status.HELD), False),
    ],
)
def test_a_binding_is_concerned_by_shares_that_it_may_match(there: Entry, *, concerns: bool) -> None:
    mine = binding("orders", match={"provider": PROVIDER, "share": "ord*"})
    other = binding("users", match={"provider": PROVIDER, "share": "ord*"})

    def concerned(there: Entry, by: Binding) -> bool:
        return all(each.concerns(by) for each in told(there))

    assert concerned(there, mine) is concerns
    assert concerned(share_entry(Status.AVAILABLE, announced=(PART,)), other) is False
    assert concerned(share_entry(Status.HELD, "billing"), mine) is False
    assert concerned(share_entry(Status.HELD, ""), mine) is True


def test_a_binding_is_concerned_by_what_it_wanted_something_of() -> None:
    elsewhere = binding("orders", match={"provider": "333333333333"})
    (failed,) = told(share_entry(Status.FAILED, reasons=(Reason("ConflictError", "in the way", "orders/db/vpc-1"),)))

    assert failed.concerns(elsewhere)


# ---- the commands ----------------------------------------------------------------------------------------------------

HELD, FAILED, CONNECTED = connection(1), connection(2), connection(3)
OTHER = ResourceShareRequest(share_arn=f"{SHARE_ARN}-2")
RETRIED = Reason("ThrottledError", "Rate exceeded")


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
    mark = msgspec.structs.replace(WHOLE, withdraw_after=datetime(2999, 1, 8, 9, 30, tzinfo=UTC))
    assert ledger.note_review(row_of(ledger, OTHER), refused, (mark,), policies_fingerprint="stricter")


WAITING_LINES = [
    f"{SHARE_ARN} of {PROVIDER} waits for a person until 2999-01-01 09:30 UTC",
    "  ask-for-the-rest: a person decides [policy]",
    "  an approver's turn: approve or deny it",
    f"    drawbridge approve {SHARE.request_id}",
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
    assert (waits["request_id"], waits["urgency"], waits["until"], waits["until_what"]) == (
        SHARE.request_id,
        "waiting-for-approval",
        "2999-01-01T09:30:00Z",
        "answer-by",
    )


def test_programs_get_the_same_documents_as_of_the_status(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter_waiting(operator, ledger)
    enter(ledger, HELD, Status.HELD, reasons=(WHY,))
    announce(ledger)
    options = ("--region", "us-east-1")

    outstanding = at_work(*options, "plan", "--json").json["outstanding"]

    assert len(outstanding) == 3
    assert outstanding == at_work(*options, "status", "--json").json["requests"]


def test_who_may_not_read_the_questions_sees_all_but_until_when_they_are_open(
    at_work: Drawbridge, operator: Operator, ledger: LedgerTable
) -> None:
    enter_waiting(operator, ledger)

    with denied("dynamodb:BatchGetItem", operator.account_id):
        shown, listed = at_work("plan"), at_work("status")

    assert (shown.code, listed.code) == (0, 1)
    assert shown.out.splitlines()[0] == f"{SHARE_ARN} of {PROVIDER} waits for a person"
    assert "to be answered by" not in listed.out
    assert f"drawbridge approve {SHARE.request_id}" in listed.out


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
        f"{FAILED.endpoint_id} of {CONSUMER} has failed; tried again by the next sweep",
        "  Rate exceeded [ThrottledError]",
        "  Drawbridge's turn: it is tried again by itself",
        f"    drawbridge retry {FAILED.request_id}",
        f"{OTHER.share_arn} of {PROVIDER} is announced to be taken down from 2999-01-08 09:30 UTC on",
        "  block-list: contract ended [policy]",
        "  and 1 more reason",
        "  your turn: change what forbids it, write a policy that permits it, or let it go",
        f"    drawbridge policy explain {OTHER.request_id}",
        f"{HELD.endpoint_id} of {CONSUMER} is held; tried again by the next sweep",
        "  ask-for-the-rest: a person decides [policy]",
        "  your turn: change that policy if it should say otherwise",
        f"    drawbridge policy explain {HELD.request_id}",
        "",
        "Nothing is to be made or taken down now; 1 has failed; 1 is announced to be taken down; 1 is held.",
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

    assert mine.out.splitlines()[-6:] == [
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

    waits = [each.strip() for each in WAITING_LINES]
    goes = [
        f"{OTHER.share_arn} of {PROVIDER} is announced to be taken down from 2999-01-08 09:30 UTC on",
        "block-list: contract ended [policy]",
        "and 1 more reason",
        "your turn: change what forbids it, write a policy that permits it, or let it go",
        f"drawbridge policy explain {OTHER.request_id}",
    ]
    notes = [
        "matches nothing that is shared with this account now",
        "no VPC of this account has Stage=moon",
        "; ".join(goes),
        "; ".join(waits),
    ]
    assert [line for line in listed if line.startswith("orders: ")] == [f"orders: {note}" for note in notes]
    assert [line for line in shown if line in notes] == notes
