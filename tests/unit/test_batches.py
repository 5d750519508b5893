"""Many things in few calls, of which AWS refuses some."""

from __future__ import annotations

from collections.abc import Callable, Collection

import pytest

from drawbridge.aws.batches import in_batches
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    QuotaExceededError,
    RefusedError,
    ThrottledError,
    UpstreamError,
)
from drawbridge.intake.offering.offers import PartlyDeniedError, PartlyRefusedError

MANY = [f"{number:012}" for number in range(1, 101)]


class Aws:
    """Takes a call as a whole or not at all, and there are some that it never takes."""

    def __init__(
        self,
        bad: Collection[str] = (),
        *,
        names: bool = False,
        room: int = 1000,
        error: type[DrawbridgeError] = RefusedError,
    ) -> None:
        self.bad = bad
        self.names = names
        self.room = room
        self.error = error
        self.taken: list[str] = []
        self.calls: list[int] = []

    def take(self, values: list[str]) -> None:
        self.calls.append(len(values))
        bad = [each for each in values if each in self.bad]
        if bad:
            raise self.error(f"Invalid: '{bad[0]}'." if self.names else "Invalid.")
        if len(self.taken) + len(values) > self.room:
            raise QuotaExceededError("there are too many")
        self.taken += values


def test_all_are_done_in_as_few_calls_as_they_fit() -> None:
    aws = Aws()

    in_batches(aws.take, MANY, most=40)

    assert (aws.taken, aws.calls) == (MANY, [40, 40, 20])


def test_nothing_is_called_for_nothing() -> None:
    aws = Aws()

    in_batches(aws.take, [], most=40)

    assert aws.calls == []


@pytest.mark.parametrize("error", [RefusedError, NotReadyError])
@pytest.mark.parametrize("names", [True, False])
def test_the_few_that_are_refused_do_not_keep_the_others_out(error: type[DrawbridgeError], names: bool) -> None:
    aws = Aws({MANY[0], MANY[30], MANY[99]}, names=names, error=error)

    with pytest.raises(error, match="Invalid"):
        in_batches(aws.take, MANY, most=100)

    assert sorted(aws.taken) == [each for each in MANY if each not in aws.bad]


def test_who_is_named_costs_one_call_more() -> None:
    aws = Aws({MANY[30]}, names=True)

    with pytest.raises(RefusedError):
        in_batches(aws.take, MANY, most=100)

    assert aws.calls == [100, 99]


def test_the_first_refusal_is_raised() -> None:
    aws = Aws({MANY[10], MANY[50]}, names=True)

    with pytest.raises(RefusedError, match=MANY[10]):
        in_batches(aws.take, MANY, most=20)


def test_one_whose_name_is_a_part_of_another_is_not_meant() -> None:
    aws = Aws({"role/a-b"}, names=True)

    with pytest.raises(RefusedError):
        in_batches(aws.take, ["role/a", "role/a-b", "b", "c"], most=10)

    assert aws.taken == ["role/a", "b", "c"]


@pytest.mark.parametrize("rest", [".old", "=old", "@old", "+old", ",old", ".+old", "/old", "-old"])
def test_a_role_whose_name_goes_on_is_another_whatever_roles_may_be_named(rest: str) -> None:
    role = f"arn:aws:iam::{MANY[0]}:role/app"
    aws = Aws({role + rest}, names=True)

    with pytest.raises(PartlyRefusedError) as refusal:
        in_batches(aws.take, [role, role + rest, "b", "c"], most=10)

    assert (aws.taken, refusal.value.refused) == ([role, "b", "c"], frozenset({role + rest}))


def test_a_role_is_not_refused_untried_for_one_that_is_in_another_call() -> None:
    words, role = "Invalid: role/app.old", "role/app"
    calls: list[list[str]] = []

    def take(values: list[str]) -> None:
        calls.append(values)
        if len(values) > 1:
            raise RefusedError(words)

    in_batches(take, [role, "b"], most=10)

    assert calls == [[role, "b"], [role], ["b"]]


@pytest.mark.parametrize("sentence", ["Invalid: {}.", "Invalid: {}, {}", "('{}')", "Invalid {}. Or so.", "{}"])
def test_whoever_is_named_is_meant_however_the_sentence_goes_on(sentence: str) -> None:
    calls: list[list[str]] = []

    def take(values: list[str]) -> None:
        calls.append(values)
        if "role/a" in values:
            raise RefusedError(sentence.format("role/a", "role/a"))

    with pytest.raises(PartlyRefusedError):
        in_batches(take, ["role/a", "role/b"], most=10)

    assert calls == [["role/a", "role/b"], ["role/b"]]


@pytest.mark.parametrize("names", [True, False])
def test_however_many_are_refused_all_others_are_done_and_it_is_said_which_are_not(names: bool) -> None:
    aws = Aws(MANY[:90], names=names)

    with pytest.raises(PartlyRefusedError) as refusal:
        in_batches(aws.take, MANY, most=100)

    assert (aws.taken, refusal.value.refused, refusal.value.is_full) == (MANY[90:], frozenset(MANY[:90]), False)


@pytest.mark.parametrize("names", [True, False])
def test_where_all_are_refused_there_are_two_calls_for_each_at_most(names: bool) -> None:
    aws = Aws(MANY, names=names)

    with pytest.raises(PartlyRefusedError) as refusal:
        in_batches(aws.take, MANY, most=100)

    assert (aws.taken, refusal.value.refused) == ([], frozenset(MANY))
    assert len(aws.calls) < 200


def test_what_there_is_no_room_for_is_refused_without_another_call() -> None:
    aws = Aws(MANY[:1], names=True, room=50)

    with pytest.raises(PartlyRefusedError) as refusal:
        in_batches(aws.take, MANY, most=10)

    assert (refusal.value.refused, refusal.value.is_full) == (frozenset({MANY[0], *MANY[51:]}), True)
    assert len(aws.calls) < 20


@pytest.mark.parametrize("room", [0, 1, 7, 64, 99])
def test_as_many_are_done_as_there_is_room_for(room: int) -> None:
    aws = Aws(room=room)

    with pytest.raises(RefusedError, match="too many"):
        in_batches(aws.take, MANY, most=100)

    assert aws.taken == MANY[:room]
    assert len(aws.calls) < 20


def test_what_is_denied_is_told_and_what_was_done_before_it_is_not_among_it() -> None:
    aws = Aws({MANY[70]}, error=AccessDeniedError)

    with pytest.raises(PartlyDeniedError) as denial:
        in_batches(aws.take, MANY, most=30)

    assert (aws.taken, denial.value.denied) == (MANY[:60], frozenset(MANY[60:]))


def test_what_was_refused_before_the_rest_was_denied_is_not_done_either() -> None:
    calls: list[list[str]] = []

    def take(values: list[str]) -> None:
        calls.append(values)
        raise RefusedError("Invalid.") if len(calls) == 1 else AccessDeniedError("no")

    with pytest.raises(PartlyDeniedError) as denial:
        in_batches(take, MANY[:2], most=1)

    assert denial.value.denied == {*MANY[:2]}


@pytest.mark.parametrize("error", [AccessDeniedError, GoneError, ThrottledError, UpstreamError])
def test_what_has_nothing_to_do_with_the_values_is_raised_at_once(error: type[DrawbridgeError]) -> None:
    aws = Aws(MANY[:1], error=error)
    take: Callable[[list[str]], None] = aws.take

    with pytest.raises(error):
        in_batches(take, MANY, most=100)

    assert aws.calls == [100]
