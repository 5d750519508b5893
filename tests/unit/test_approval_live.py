"""What a question says about what is live."""

from datetime import UTC, datetime

import msgspec

from drawbridge.approval import Line
from drawbridge.approval.live import lines_of_live
from drawbridge.approval.question import effects_of
from drawbridge.decision.facts import Service
from drawbridge.decision.let_in import RECOVERED, LetIn
from drawbridge.status import Reason
from tests.builders import NOW, RESOURCE_ARN, SERVICE_ID, SUBNET, connection_facts, content, share_facts

MADE = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)
LIVE = connection_facts(live=True, asked_at=MADE)
ALICE = Reason("approved", "Approved by U0ALICE", source="U0ALICE")
LET_IN = LetIn(at=NOW, because=(ALICE,), contents_fingerprint="those", arns=(RESOURCE_ARN,))


def values(lines: tuple[Line, ...]) -> list[str]:
    return [f"{line.label}: {line.text}" for line in lines]


def test_of_what_is_not_live_nothing_is_said() -> None:
    assert lines_of_live(connection_facts(), LET_IN) == ()
    assert lines_of_live(share_facts(), LET_IN) == ()


def test_of_a_live_connection_since_when_and_that_a_denial_does_not_cut_it() -> None:
    by_hand, ours = values(lines_of_live(LIVE, None)), values(lines_of_live(LIVE, LET_IN))

    assert by_hand[0] == "Live: The connection is open, by an endpoint that was made 2026-03-01 09:30 UTC."
    assert ours[0] == "Live: The connection is open, let in 2026-11-21 12:00 UTC by U0ALICE."
    assert by_hand[1] == ours[1]
    assert "nothing is cut" in ours[1]
    assert "stays open" in effects_of(LIVE, [], "drawbridge")[0]


def test_of_a_live_connection_that_nobody_let_in_that_a_denial_cuts_it() -> None:
    to_all = msgspec.structs.replace(LIVE, service=Service(id=SERVICE_ID, acceptance_required=False))

    assert "It is cut at once" in values(lines_of_live(to_all, None))[1]
    assert "nothing is cut" in values(lines_of_live(to_all, LET_IN))[1]


def test_of_a_share_that_was_let_in_what_is_new_in_it() -> None:
    grown = share_facts(deadline=None, contents=(content(), SUBNET))

    lines = values(lines_of_live(grown, LET_IN))

    assert lines[0].startswith("Live: The share was let in 2026-11-21 12:00 UTC by U0ALICE;")
    assert lines[1:-1] == [f"New: ec2:subnet: {SUBNET.arn}"]
    assert "nothing is cut" in lines[-1]


def test_of_very_much_that_is_new_some_and_how_much_more() -> None:
    contents = tuple(content(f"{RESOURCE_ARN}{number}") for number in range(40))

    lines = values(lines_of_live(share_facts(deadline=None, contents=contents), LET_IN))

    assert lines[-2] == "New: and 10 more"


def test_where_it_is_not_known_what_is_new_that_is_said() -> None:
    large = msgspec.structs.replace(LET_IN, arns=None)

    assert "what is new is not known" in " ".join(values(lines_of_live(share_facts(deadline=None), large)))


def test_of_what_was_connected_before_this_ledger_nobody_is_named() -> None:
    recovered = LetIn(at=NOW, because=(Reason(RECOVERED, "Before this ledger."),), arns=(RESOURCE_ARN,))
    grown = share_facts(deadline=None, contents=(content(), SUBNET))

    assert values(lines_of_live(LIVE, recovered))[0] == "Live: The connection is open, let in before this ledger began."
    assert "let in before this ledger began;" in values(lines_of_live(grown, recovered))[0]
