"""What somebody has to do about a request: what its status says, and what only the policies in force can tell."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from drawbridge.decision.facts import Facts
from drawbridge.decision.let_in import LetIn
from drawbridge.record.entry import Entry
from drawbridge.request.announced import COMMANDED, NO_LONGER_PERMITTED, Announced, WithdrawalCommand
from drawbridge.status import Reason, Status
from drawbridge_cli.advice import advice
from drawbridge_cli.explanation import Explanation, explain, permit_for
from drawbridge_cli.reason_codes import ADVICE
from drawbridge_cli.request_status import Known, request_status
from drawbridge_cli.status_screen import turn_text
from tests.builders import CONSUMER, EVALUATION_TIME, NOW, RESOURCE_ARN, connection_facts, share_facts
from tests.cli.made import DEFAULTS, FORBID, PERMIT, PERMIT_PROVIDER, entry, policies
from tests.lives import NAMED

CONNECTION, SHARE = connection_facts(), share_facts()
ASKED, ACCEPTED, HELD, FORBIDDEN = DEFAULTS, {"a": PERMIT, "b": PERMIT_PROVIDER}, dict[str, str](), {"f": FORBID}
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
DENIED = Reason("denied", "Denied by U0BOB.", source="U0BOB")
NO_VPC = Reason("no-vpc", "orders-db: no VPC fits vpc-1", source="orders")
NO_SUBNET = Reason("no-subnet", "orders-db: no subnet of vpc-1 fits", source="orders")
NEW_ENDPOINT = (
    "AWS opens no connection again that was rejected, deleted or expired: its consumer makes a new endpoint or "
    "attachment, which is decided on anew."
)
ONCE_MORE = "That invitation is over: its provider takes this account out of the share, and shares it once more."
NAME = entry(CONNECTION).request_id
SHARE_NAME = entry(SHARE).request_id


def explained(facts: Facts, named: dict[str, str]) -> Explanation:
    return explain(facts, policies(named), EVALUATION_TIME)


def known(row: Entry) -> Known:
    return Known(row, request_status(row, NOW, expiring_within=timedelta(0)))


def of(status: Status, facts: Facts = CONNECTION, by: dict[str, str] = ASKED, **changes: Any) -> str:
    return advice(known(entry(facts, status, **changes)), explained(facts, by))


def reasons(*codes: str) -> tuple[Reason, ...]:
    return tuple(Reason(code, "because") for code in codes)


def test_what_waits_for_a_person_says_how_it_is_answered_and_suggests_no_policy() -> None:
    waits = of(Status.WAITING_FOR_APPROVAL, settled=False)

    assert waits == f"an approver's turn: approve or deny it\n  drawbridge approve {NAME}"


@pytest.mark.parametrize(("by", "outcome"), [(ACCEPTED, "accept"), (HELD, "hold")])
def test_what_waits_and_is_decided_by_policies_by_now_goes_on_by_them(by: dict[str, str], outcome: str) -> None:
    waits = of(Status.WAITING_FOR_APPROVAL, by=by, settled=False)

    assert waits == f"The policies decide it by now ({outcome}): the next sweep goes on by them."


@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.ACCEPTED])
@pytest.mark.parametrize("by", [ASKED, ACCEPTED, HELD, FORBIDDEN], ids=["asked", "accepted", "held", "forbidden"])
def test_what_is_connected_needs_no_permit_whatever_policies_make_of_it_now(status: Status, by: dict[str, str]) -> None:
    assert of(status, by=by) == ""


def test_what_is_refused_of_what_is_connected_says_what_to_do_about_it() -> None:
    refused = (Reason("published", "db.example"), NO_VPC, NO_VPC, NO_SUBNET)

    assert of(Status.AVAILABLE, SHARE, reasons=refused, incomplete=True) == (
        f"your turn: {ADVICE['no-vpc'].to_do}\n"
        "  drawbridge bindings show orders\n"
        f"to do about no-subnet: {ADVICE['no-subnet'].to_do}"
    )


def test_what_a_person_denied_of_what_is_connected_is_asked_about_again_on_command() -> None:
    again = f"What was denied is asked about again when it changes, or by  drawbridge retry {SHARE_NAME}"
    words = f"What is connected stays. {again}"

    assert of(Status.AVAILABLE, SHARE, kept=(DENIED,)) == words
    assert of(Status.AVAILABLE, SHARE, reasons=(DENIED,)) == words


def test_what_is_announced_says_how_it_is_kept() -> None:
    mark = Announced(since=NOW, withdraw_after=NOW + timedelta(hours=168), forbidden=True)
    keep = f"your turn: {ADVICE[NO_LONGER_PERMITTED].to_do}"

    assert of(Status.AVAILABLE, by=FORBIDDEN, announced=(mark,)) == keep
    assert of(Status.AVAILABLE, by=ACCEPTED, announced=(mark,)) == (
        f"{keep}\nWhat is permitted by now is called off by the next sweep."
    )


NO_POLICY = Reason("no-policy-permits", "No policy permits it.")


def test_what_is_held_may_be_let_in_by_a_policy() -> None:
    turn = f"your turn: {ADVICE['no-policy-permits'].to_do}\n"
    permit = f"write a policy:\n  {permit_for(CONNECTION)}"

    assert of(Status.HELD, by=HELD, reasons=(NO_POLICY,)) == f"{turn}To let in just this, {permit}"
    assert of(Status.HELD, reasons=(NO_POLICY,)) == f"{turn}A person has to decide. To let it in unasked, {permit}"


def test_what_the_status_says_of_a_forbid_is_not_said_twice() -> None:
    forbid = ADVICE["forbidden"].to_do

    assert of(Status.HELD, by=FORBIDDEN, reasons=reasons("forbidden")) == f"your turn: {forbid}"
    assert of(Status.HELD, by=FORBIDDEN, reasons=(NO_POLICY,)).endswith(f"\nA forbid can't be outvoted: {forbid}.")


@pytest.mark.parametrize(
    ("code", "turn", "command"),
    [
        ("approval-timed-out", "your turn", f"drawbridge retry {NAME}"),
        ("approval-not-configured", "your turn", "drawbridge slack check"),
        ("too-many-questions", "an approver's turn", "drawbridge status --status WAITING_FOR_APPROVAL --account "),
        ("deadline-passed", "the other side's turn", "drawbridge status --all --watch --account "),
    ],
)
def test_what_nobody_was_asked_about_says_whose_turn_it_is_and_what_lets_it_in_unasked(
    code: str, turn: str, command: str
) -> None:
    first, second, *others = of(Status.HELD, reasons=reasons(code)).splitlines()

    assert first == f"{turn}: {ADVICE[code].to_do}"
    assert second.startswith(f"  {command}")
    assert others[-1] == f"  {permit_for(CONNECTION)}"


def test_what_is_held_for_what_can_not_be_associated_is_not_said_to_go_on_by_itself() -> None:
    assert of(Status.HELD, SHARE, ACCEPTED, reasons=(NO_VPC,)) == (
        f"your turn: {ADVICE['no-vpc'].to_do}\n  drawbridge bindings show orders"
    )
    assert (
        of(Status.HELD, SHARE, ACCEPTED) == "The policies let it go on by now: the next sweep starts another attempt."
    )


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.REJECTED])
def test_a_share_that_is_over_has_to_be_shared_once_more(status: Status) -> None:
    assert of(status, SHARE) == f"{ONCE_MORE} By the policies in force it would be asked about."
    assert of(status, SHARE, ACCEPTED) == f"{ONCE_MORE} By the policies in force it would be let in."


@pytest.mark.parametrize("status", [Status.EXPIRED, Status.REJECTED, Status.WITHDRAWN])
def test_a_connection_that_is_over_is_made_anew_by_its_consumer(status: Status) -> None:
    assert of(status, by=HELD) == f"{NEW_ENDPOINT} By the policies in force it would be held."
    assert of(status, by=HELD, commanded=COMMAND).startswith(NEW_ENDPOINT)


def test_what_was_withdrawn_on_command_comes_back_by_a_command() -> None:
    withdrawn = of(Status.WITHDRAWN, SHARE, commanded=COMMAND, reasons=reasons(COMMANDED))

    assert withdrawn == f"It stays so until  drawbridge retry {SHARE_NAME}  ends that command."


def test_a_share_that_policies_had_withdrawn_comes_back_by_itself_and_one_that_is_gone_does_not() -> None:
    assert of(Status.WITHDRAWN, SHARE, reasons=reasons(NO_LONGER_PERMITTED)).startswith("It comes back by itself ")
    assert of(Status.WITHDRAWN, SHARE, reasons=reasons("gone")).startswith("The other side took it back")


@pytest.mark.parametrize("status", [Status.PENDING, Status.ACCEPTED, Status.ASSOCIATING, Status.WITHDRAWING])
def test_what_is_under_way_is_left_alone(status: Status) -> None:
    whose, command = of(status, by=HELD, settled=False).splitlines()

    assert whose in {"AWS's turn: it is at work", f"Drawbridge's turn: {ADVICE['attempt-under-way'].to_do}"}
    assert command == f"  drawbridge status --all --watch --account {CONSUMER}"


def test_what_is_to_be_withdrawn_on_command_goes_by_the_next_sweep() -> None:
    goes = of(Status.AVAILABLE, commanded=COMMAND)

    assert goes.splitlines()[0] == f"Drawbridge's turn: {ADVICE[COMMANDED].to_do}"


def test_what_has_failed_is_tried_again_by_itself_or_on_command() -> None:
    throttled = reasons("ThrottledError")

    assert of(Status.FAILED, by=HELD, reasons=throttled) == (
        f"Drawbridge's turn: it is tried again by itself\n  drawbridge retry {NAME}"
    )


@pytest.mark.parametrize("row", NAMED.values(), ids=NAMED)
def test_whose_turn_it_is_and_the_command_are_those_of_the_status(row: Entry) -> None:
    there = known(row)
    said = advice(there, None)

    turn = turn_text(there.status)
    assert said.splitlines()[:1] == [turn] if turn else "turn: " not in said
    # Whoever reads this has that of the explanation.
    is_told = there.status.next != "" and "policy explain" not in there.status.next
    assert (f"  {there.status.next}" in said.splitlines()) is is_told


@pytest.mark.parametrize("status", [*Status])
@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize("kind", ["endpoint-connection", "resource-share", "orphan"])
def test_of_whatever_was_never_decided_on_there_is_advice_without_a_policy(
    status: Status, settled: bool, kind: str
) -> None:
    undecided: Entry = entry(CONNECTION, status, settled=settled, kind=kind, decision_record=None)

    assert "permit(" not in advice(known(undecided), None)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.HELD])
@pytest.mark.parametrize("by", [ASKED, ACCEPTED, HELD, FORBIDDEN], ids=["asked", "accepted", "held", "forbidden"])
@pytest.mark.parametrize("facts", [CONNECTION, SHARE], ids=["connection", "share"])
def test_only_what_is_held_is_let_in_by_a_permit(status: Status, by: dict[str, str], facts: Facts) -> None:
    let_in = LetIn(at=NOW, because=(), arns=(RESOURCE_ARN,))

    assert "permit(" not in of(status, facts, by, let_in=let_in)
