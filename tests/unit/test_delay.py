"""Delays: what a permit lets in later, from when on, and what ends that."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision import Accept, Delay, Delayed, Hold, Keep, Reject
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.decide import decide
from drawbridge.decision.delay import LONGEST_DELAY, delay_text, parse_delay
from drawbridge.decision.delayed import unless_delayed
from drawbridge.decision.facts import Facts
from drawbridge.decision.let_in import let_in_by
from drawbridge.decision.policies import InvalidPolicyError, parse_policy
from drawbridge.errors import InvalidInputError
from drawbridge.status import Reason
from tests.builders import (
    CONSUMER,
    EVALUATION_TIME,
    NOW,
    STRANGER,
    SUBNET,
    connection_facts,
    content,
    requester,
    share_facts,
)

QUARTER = timedelta(minutes=15)
WHY = (Reason("policy", "It is permitted.", source="mine"),)
YES = Accept(WHY, QUARTER)
ACCEPT = 'permit(principal, action == Action::"accept", resource)'
OF_NOBODY = 'permit(principal == Account::"000000000000", action == Action::"accept", resource);'
GROWN = share_facts(deadline=None, contents=(content(), SUBNET))
IN_EFFECT = share_facts(deadline=None)
LET_IN = let_in_by(Accept(WHY), IN_EFFECT, None, NOW)


def policies(*texts: str) -> PolicySet:
    return PolicySet([parse_policy(f"policy-{number}", text) for number, text in enumerate(texts)])


def decided_at(now: datetime, recorded: Delayed | None = None, facts: Facts | None = None, **of: object) -> object:
    decision = of.get("decision", YES)
    assert isinstance(decision, Accept)
    return unless_delayed(decision, connection_facts() if facts is None else facts, None, recorded, now)


def delayed(now: datetime = NOW, facts: Facts | None = None) -> Delayed:
    decision = decided_at(now, facts=facts)
    assert isinstance(decision, Delay)
    return decision.delayed


@pytest.mark.parametrize(
    ("text", "minutes"), [("0m", 0), ("15m", 15), ("2h", 120), ("1h30m", 90), ("90m", 90), ("24h", 1440)]
)
def test_a_delay_is_hours_and_minutes(text: str, minutes: int) -> None:
    assert parse_delay(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["", "15", "m", "h", "-5m", "1.5h", "15 m", "15M", "1d", "30s", "15m1h", "\u0663m", "15m\n"]
)
def test_what_is_no_time_is_no_delay(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is no time such as"):
        parse_delay(text)


@pytest.mark.parametrize("text", ["24h1m", "1441m", "9999h9999m"])
def test_no_delay_is_longer_than_a_day(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is longer than 24h"):
        parse_delay(text)


@given(st.integers(min_value=0, max_value=1440))
def test_a_delay_is_written_as_it_is_read(minutes: int) -> None:
    delay = timedelta(minutes=minutes)

    assert parse_delay(delay_text(delay)) == delay
    assert delay <= LONGEST_DELAY


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'@delay("soon") {ACCEPT};', """@delay: 'soon' is no time such as "15m", "2h" or "1h30m\""""),
        (f"@delay {ACCEPT};", """@delay: '' is no time such as "15m", "2h" or "1h30m\""""),
        (f'@delay("48h") {ACCEPT};', "@delay: '48h' is longer than 24h"),
        ('@delay("15m") forbid(principal, action, resource);', "@delay: only what permits accept can be delayed"),
        (
            '@delay("15m") permit(principal, action in [Action::"reject", Action::"askApprover"], resource);',
            "@delay: only what permits accept can be delayed",
        ),
    ],
)
def test_a_delay_that_says_nothing_is_a_mistake_of_its_policy(text: str, told: str) -> None:
    with pytest.raises(InvalidPolicyError) as raised:
        parse_policy("mine", f"{ACCEPT};\n\n{text}")

    (mistake,) = raised.value.mistakes
    assert (mistake.line, mistake.field) == (3, "@delay")
    assert mistake.message.startswith(told)


@pytest.mark.parametrize("action", ["action", 'action in [Action::"accept", Action::"reject"]'])
def test_whatever_permits_accept_can_be_delayed(action: str) -> None:
    assert parse_policy("mine", f'@delay("15m") permit(principal, {action}, resource);').statements[0].delay == QUARTER


@pytest.mark.parametrize(
    ("texts", "delay"),
    [
        ((f'@delay("15m") {ACCEPT};',), QUARTER),
        ((f'@delay("2h") {ACCEPT};', f'@delay("15m") {ACCEPT};'), QUARTER),
        ((f'@delay("2h") {ACCEPT};', f"{ACCEPT};"), None),
        ((f'@delay("0m") {ACCEPT};', f'@delay("15m") {ACCEPT};'), None),
        # It does not permit this.
        ((f'@delay("15m") {ACCEPT};', OF_NOBODY), QUARTER),
    ],
)
def test_of_several_that_permit_it_the_shortest_delay_counts(texts: tuple[str, ...], delay: timedelta | None) -> None:
    decision = decide(connection_facts(), policies(*texts), EVALUATION_TIME)

    assert isinstance(decision, Accept)
    assert decision.delay == delay


def test_the_shortest_delay_counts_however_many_permit_it() -> None:
    long = [f'@delay("2h") {ACCEPT};' for _ in range(30)]

    decision = decide(connection_facts(), policies(*long, f'@delay("15m") {ACCEPT};'), EVALUATION_TIME)

    assert isinstance(decision, Accept)
    assert decision.because[-1].code == "more"
    assert decision.delay == QUARTER


def test_a_forbid_wins_over_a_permit_that_is_delayed() -> None:
    forbidding = policies(f'@delay("15m") {ACCEPT};', 'forbid(principal, action == Action::"accept", resource);')

    assert isinstance(decide(connection_facts(), forbidding, EVALUATION_TIME), Hold)


def test_what_is_delayed_says_since_when_it_is_permitted_and_when_it_is_let_in() -> None:
    decision = decided_at(NOW)

    assert isinstance(decision, Delay)
    assert (decision.delayed.since, decision.delayed.until) == (NOW, NOW + QUARTER)
    assert decision.because == (
        Reason(
            "delayed",
            "It is permitted since 2026-11-21 12:00:00 UTC, and let in 15m later, at 2026-11-21 12:15:00 UTC, if it is "
            "permitted still.",
        ),
        *WHY,
    )


def test_that_the_invitation_expires_before_the_delay_is_over_is_told_at_once() -> None:
    decision = decided_at(NOW, facts=share_facts(deadline=NOW + QUARTER))

    assert isinstance(decision, Delay)
    assert decision.because[0].text.endswith(
        "Its invitation expires before that, at 2026-11-21 12:15 UTC: shorten the @delay."
    )
    later = decided_at(NOW, facts=share_facts(deadline=NOW + QUARTER + timedelta(seconds=1)))
    assert isinstance(later, Delay)
    assert "expires" not in later.because[0].text


@pytest.mark.parametrize("decision", [Accept(WHY), Hold(WHY), Reject(WHY), Keep(WHY)])
def test_nothing_else_is_delayed(decision: Accept | Hold | Reject | Keep) -> None:
    assert unless_delayed(decision, connection_facts(), None, None, NOW) is decision


@given(
    st.lists(st.integers(min_value=0, max_value=30 * 60), max_size=12),
    st.lists(st.integers(min_value=1, max_value=40), min_size=1, max_size=12),
)
def test_however_often_it_is_decided_and_whatever_the_delay_is_by_then_it_is_never_let_in_before_its_time(
    seconds: list[int], minutes: list[int]
) -> None:
    now, recorded = NOW, None
    for place, each in enumerate([0, *seconds]):
        now += timedelta(seconds=each)
        delay = timedelta(minutes=minutes[place % len(minutes)])
        decision = decided_at(now, recorded, decision=Accept(WHY, delay))

        # Counted from the first decision, by the delay that is in force now: neither shorter nor longer.
        assert isinstance(decision, Accept) is (now - NOW >= delay)
        if isinstance(decision, Delay):
            recorded = decision.delayed
            assert (recorded.since, recorded.until) == (NOW, NOW + delay)


@pytest.mark.parametrize(
    "other",
    [
        share_facts(contents=(content(), SUBNET)),
        share_facts(contents=None),
        share_facts(contents=()),
        share_facts(requester(STRANGER)),
        connection_facts(),
    ],
)
def test_of_anything_else_the_delay_begins_anew(other: Facts) -> None:
    recorded, later = delayed(facts=share_facts()), NOW + timedelta(hours=1)

    decision = decided_at(later, recorded, other)

    assert isinstance(decision, Delay)
    assert decision.delayed.since == later
    assert isinstance(decided_at(later, recorded, share_facts()), Accept)


def test_another_account_or_service_begins_a_delay_anew() -> None:
    recorded, later = delayed(facts=connection_facts(requester(CONSUMER))), NOW + timedelta(hours=1)
    service = msgspec.structs.replace(connection_facts().service, id="vpce-svc-00000000000000000")

    assert isinstance(decided_at(later, recorded, connection_facts(requester(STRANGER))), Delay)
    assert isinstance(decided_at(later, recorded, connection_facts(service=service)), Delay)


def test_what_says_that_it_began_in_the_future_begins_now() -> None:
    recorded = delayed(NOW + timedelta(days=400))

    assert delayed(NOW) == msgspec.structs.replace(recorded, since=NOW, until=NOW + QUARTER)
    decision = decided_at(NOW, recorded)
    assert isinstance(decision, Delay)
    assert decision.delayed.since == NOW


@pytest.mark.parametrize("required", [True, False, None])
def test_a_connection_that_is_open_waits_for_nothing(required: bool | None) -> None:
    service = msgspec.structs.replace(connection_facts().service, acceptance_required=required)

    assert unless_delayed(YES, connection_facts(live=True, service=service), None, None, NOW) is YES


def test_a_share_in_effect_that_was_never_let_in_is_delayed() -> None:
    assert isinstance(unless_delayed(YES, IN_EFFECT, None, None, NOW), Delay)


@pytest.mark.parametrize("facts", [IN_EFFECT, msgspec.structs.replace(IN_EFFECT, contents=())])
def test_what_was_let_in_of_a_share_waits_for_nothing(facts: Facts) -> None:
    assert unless_delayed(YES, facts, LET_IN, None, NOW) is YES


@pytest.mark.parametrize("facts", [GROWN, msgspec.structs.replace(IN_EFFECT, contents=None)])
def test_of_a_share_that_holds_more_than_was_let_in_the_rest_is_kept_and_what_is_new_is_delayed(facts: Facts) -> None:
    decision = unless_delayed(YES, facts, LET_IN, None, NOW)

    assert isinstance(decision, Keep)
    assert decision.delayed is not None
    assert decision.delayed.until == NOW + QUARTER
    assert [each.code for each in decision.because] == ["delayed", "policy"]
    assert unless_delayed(YES, facts, LET_IN, decision.delayed, NOW + QUARTER) is YES


def test_a_share_that_is_offered_anew_is_delayed_whatever_was_let_in_before() -> None:
    assert isinstance(unless_delayed(YES, share_facts(), LET_IN, None, NOW), Delay)


def test_decisions_without_a_delay_are_handed_on_as_they_were_before_there_were_any() -> None:
    assert msgspec.to_builtins(Accept(())) == {"outcome": "accept", "because": ()}
    assert msgspec.to_builtins(Keep(())) == {"outcome": "keep", "because": ()}
    assert msgspec.json.decode(msgspec.json.encode(YES), type=Accept) == YES
