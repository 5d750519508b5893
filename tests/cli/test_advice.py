"""What somebody has to do about a request: the advice fits the status that it has."""

from __future__ import annotations

from typing import Any

import pytest

from drawbridge.decision.facts import Facts
from drawbridge.decision.let_in import LetIn
from drawbridge.record.entry import Entry
from drawbridge.request.announced import COMMANDED, NO_LONGER_PERMITTED, WithdrawalCommand
from drawbridge.status import Reason, Status
from drawbridge_cli.advice import advice
from drawbridge_cli.explanation import Explanation, explain, permit_for
from tests.builders import EVALUATION_TIME, NOW, RESOURCE_ARN, connection_facts, share_facts
from tests.cli.made import DEFAULTS, FORBID, PERMIT, PERMIT_PROVIDER, entry, policies

CONNECTION, SHARE = connection_facts(), share_facts()
ASKED, ACCEPTED, HELD, FORBIDDEN = DEFAULTS, {"a": PERMIT, "b": PERMIT_PROVIDER}, dict[str, str](), {"f": FORBID}
COMMAND = WithdrawalCommand(by="arn:aws:iam::222222222222:user/ann", at=NOW)
DENIED = Reason("denied", "Denied by U0BOB.", source="U0BOB")
NO_VPC = Reason("no-vpc", "orders-db: no VPC fits vpc-1", source="orders")
NEW_ENDPOINT = (
    "AWS opens no connection again that was rejected, deleted or expired: its consumer makes a new endpoint, which is "
    "decided on anew."
)
ONCE_MORE = "That invitation is over: its provider takes this account out of the share, and shares it once more."
NAME = entry(CONNECTION).request_id
SHARE_NAME = entry(SHARE).request_id


def explained(facts: Facts, named: dict[str, str]) -> Explanation:
    return explain(facts, policies(named), EVALUATION_TIME)


def of(status: Status, facts: Facts = CONNECTION, by: dict[str, str] = ASKED, **changes: Any) -> str:
    return advice(entry(facts, status, **changes), explained(facts, by))


def reasons(*codes: str) -> tuple[Reason, ...]:
    return tuple(Reason(code, "because") for code in codes)


def test_what_waits_for_a_person_says_how_it_is_answered_and_suggests_no_policy() -> None:
    waits = of(Status.WAITING_FOR_APPROVAL, settled=False)

    assert waits == (
        f"A person has to decide.\nAnswer with  drawbridge approve {NAME}\nor with      drawbridge deny {NAME}"
    )


@pytest.mark.parametrize(("by", "outcome"), [(ACCEPTED, "accept"), (HELD, "hold")])
def test_what_waits_and_is_decided_by_policies_by_now_goes_on_by_them(by: dict[str, str], outcome: str) -> None:
    waits = of(Status.WAITING_FOR_APPROVAL, by=by, settled=False)

    assert waits == f"The policies decide it by now ({outcome}): the next sweep goes on by them."


@pytest.mark.parametrize("status", [Status.AVAILABLE, Status.ACCEPTED])
@pytest.mark.parametrize("by", [ASKED, ACCEPTED, HELD, FORBIDDEN], ids=["asked", "accepted", "held", "forbidden"])
def test_what_is_connected_needs_no_permit_whatever_policies_make_of_it_now(status: Status, by: dict[str, str]) -> None:
    assert of(status, by=by) == ""


def test_what_is_refused_of_what_is_connected_says_what_to_do_about_it() -> None:
    assert of(Status.AVAILABLE, SHARE, reasons=(Reason("published", "db.example"), NO_VPC, NO_VPC)) == (
        "To do about no-vpc: make the VPC or tag it, or correct attach.vpc"
    )


def test_what_a_person_denied_of_what_is_connected_is_asked_about_again_on_command() -> None:
    again = f"What was denied is asked about again when it changes, or by  drawbridge retry {SHARE_NAME}"
    words = f"What is connected stays. {again}"

    assert of(Status.AVAILABLE, SHARE, kept=(DENIED,)) == words
    assert of(Status.AVAILABLE, SHARE, reasons=(DENIED,)) == words


def test_what_is_announced_says_how_it_is_kept() -> None:
    after = "2026-11-28T12:00:00+00:00"
    keep = f"To keep it, change what forbids it, or have a policy permit it again, before {after}."

    assert of(Status.AVAILABLE, by=FORBIDDEN, withdraw_after=after) == keep
    assert of(Status.AVAILABLE, by=ACCEPTED, withdraw_after=after) == (
        f"{keep} What is permitted by now is called off by the next sweep."
    )


def test_what_is_held_may_be_let_in_by_a_policy_or_by_whoever_is_asked_again() -> None:
    unasked = f"To let it in unasked, write a policy:\n  {permit_for(CONNECTION)}"

    assert of(Status.HELD, by=HELD) == f"To let in just this, write a policy:\n  {permit_for(CONNECTION)}"
    assert of(Status.HELD) == f"A person has to decide. {unasked}"
    assert of(Status.HELD, by=FORBIDDEN).startswith("A forbid can't be outvoted")
    assert of(Status.HELD, reasons=reasons("approval-timed-out")) == (
        f"Nobody answered in time. It is asked again by  drawbridge retry {NAME}\n{unasked}"
    )
    assert of(Status.HELD, reasons=reasons("approval-not-configured")).startswith("Nobody can be asked: configure ")
    assert of(Status.HELD, reasons=reasons("too-many-questions")).startswith("It is asked about by itself, once ")
    assert of(Status.HELD, SHARE, reasons=reasons("deadline-passed")).startswith("Too little time is left to ask ")


def test_what_is_held_for_what_can_not_be_associated_is_not_said_to_go_on_by_itself() -> None:
    assert of(Status.HELD, SHARE, ACCEPTED, reasons=(NO_VPC,)) == (
        "To do about no-vpc: make the VPC or tag it, or correct attach.vpc"
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


@pytest.mark.parametrize("status", [Status.PENDING, Status.ACCEPTED, Status.ASSOCIATING])
def test_what_is_under_way_is_left_alone(status: Status) -> None:
    assert of(status, by=HELD, settled=False) == "An attempt is under way: there is nothing to do."
    assert of(Status.WITHDRAWING, settled=False) == "It is being taken down: there is nothing to do."
    assert of(status, settled=False, commanded=COMMAND).startswith("It is taken down as soon as ")


def test_what_has_failed_is_tried_again_by_itself_or_on_command() -> None:
    assert of(Status.FAILED, by=HELD) == f"It is tried again by itself; at once by  drawbridge retry {NAME}"
    assert of(Status.WITHDRAWING).startswith("What hangs is tried again by itself")


@pytest.mark.parametrize("status", [*Status])
@pytest.mark.parametrize("settled", [True, False])
@pytest.mark.parametrize("kind", ["endpoint-connection", "resource-share", "orphan"])
def test_of_whatever_was_never_decided_on_there_is_advice_without_a_policy(
    status: Status, settled: bool, kind: str
) -> None:
    undecided: Entry = entry(CONNECTION, status, settled=settled, kind=kind, decision_record=None)

    assert "permit(" not in advice(undecided, None)


@pytest.mark.parametrize("status", [each for each in Status if each is not Status.HELD])
@pytest.mark.parametrize("by", [ASKED, ACCEPTED, HELD, FORBIDDEN], ids=["asked", "accepted", "held", "forbidden"])
@pytest.mark.parametrize("facts", [CONNECTION, SHARE], ids=["connection", "share"])
def test_only_what_is_held_is_let_in_by_a_permit(status: Status, by: dict[str, str], facts: Facts) -> None:
    let_in = LetIn(at=NOW, because=(), arns=(RESOURCE_ARN,))

    assert "permit(" not in of(status, facts, by, let_in=let_in)
