"""What is kept of consumers that were removed, as ``ConsumerRemovals`` promises to keep it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from msgspec.structs import replace

from drawbridge.aws.removed_consumers import TARGET, RemovedConsumerItems
from drawbridge.errors import AccessDeniedError, UpstreamError
from drawbridge.intake.registration.off_boarding import RemovedConsumer
from drawbridge.intake.registration.register import ConsumerRemovals
from tests.builders import CONSUMER, NOW, STRANGER
from tests.contracts.accounts import refusing
from tests.contracts.conftest import NewAccount
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.registrations import InMemoryRemovedConsumers

LATER = NOW + timedelta(microseconds=1)


@pytest.fixture(scope="module")
def table(new_account: NewAccount) -> Any:
    return new_account().table("OffersTable")


@pytest.fixture(autouse=True)
def _empty(table: Any) -> None:
    for each in (CONSUMER, STRANGER):
        table.delete_item(Key={"target": TARGET, "principal": each})


def items(table: Any, broken: Callable[[str], None] = pytest.fail) -> RemovedConsumerItems:
    return RemovedConsumerItems(table, now=lambda: NOW, on_broken=broken)


@pytest.fixture(params=IMPLEMENTATIONS)
def kept(request: pytest.FixtureRequest, table: Any) -> ConsumerRemovals:
    def on_aws() -> ConsumerRemovals:
        return items(table)

    return either(request, InMemoryRemovedConsumers, on_aws)


def test_who_was_not_removed_is_not_there(kept: ConsumerRemovals) -> None:
    kept.note(STRANGER, RemovedConsumer(removed_at=NOW))

    assert kept.removed(CONSUMER) is None


def test_all_that_were_removed_are_told(kept: Any) -> None:
    by_then = kept.commanded().keys() - {CONSUMER, STRANGER}
    kept.note(STRANGER, RemovedConsumer(removed_at=NOW))
    kept.note(CONSUMER, RemovedConsumer(removed_at=NOW, was_registered=False))
    kept.finish(CONSUMER, NOW)

    assert kept.commanded().keys() - by_then == {CONSUMER, STRANGER}


def test_which_removal_it_was_is_told_whatever_clock_it_was_by(table: Any) -> None:
    kept = RemovedConsumerItems(table, now=lambda: NOW, on_broken=lambda _: None)
    times = {CONSUMER: NOW - timedelta(hours=1), STRANGER: NOW + timedelta(hours=1)}
    for account_id, at in times.items():
        kept.note(account_id, RemovedConsumer(removed_at=at))
    table.put_item(Item={"target": TARGET, "principal": "999999999999", "removed_at": "odd"})

    commanded = kept.commanded()
    kept.finish(CONSUMER, times[CONSUMER])

    assert commanded == times
    assert kept.commanded() == commanded


def test_a_removal_is_kept_until_it_is_finished_and_after(kept: ConsumerRemovals) -> None:
    kept.note(CONSUMER, RemovedConsumer(removed_at=NOW))
    assert kept.removed(CONSUMER) == RemovedConsumer(removed_at=NOW)

    kept.finish(CONSUMER, NOW)
    assert kept.removed(CONSUMER) == RemovedConsumer(removed_at=NOW, is_finished=True)

    kept.note(CONSUMER, RemovedConsumer(removed_at=NOW))
    assert kept.removed(CONSUMER) == RemovedConsumer(removed_at=NOW, is_finished=True)


@pytest.mark.parametrize("times", [(NOW, LATER), (LATER, NOW)])
def test_of_two_removals_the_later_is_kept(kept: ConsumerRemovals, times: tuple[datetime, ...]) -> None:
    for each in times:
        kept.note(CONSUMER, RemovedConsumer(removed_at=each))

    assert kept.removed(CONSUMER) == RemovedConsumer(removed_at=LATER)


def test_only_the_last_removal_is_finished(kept: ConsumerRemovals) -> None:
    kept.note(CONSUMER, RemovedConsumer(removed_at=LATER))

    kept.finish(CONSUMER, NOW)

    assert kept.removed(CONSUMER) == RemovedConsumer(removed_at=LATER)


@pytest.mark.parametrize("is_finished", [True, False])
def test_that_a_proof_was_required_is_noted_of_the_last_removal_alone(
    kept: ConsumerRemovals, *, is_finished: bool
) -> None:
    last = RemovedConsumer(removed_at=LATER, is_finished=is_finished, suspended_at=NOW)
    kept.note(CONSUMER, last)

    kept.require_proof(CONSUMER, NOW)
    assert kept.removed(CONSUMER) == last
    kept.require_proof(CONSUMER, LATER)
    assert kept.removed(CONSUMER) == replace(last, proof_required=True)


def test_a_later_one_begins_anew(kept: ConsumerRemovals) -> None:
    kept.note(CONSUMER, RemovedConsumer(removed_at=NOW))
    kept.finish(CONSUMER, NOW)

    kept.note(CONSUMER, RemovedConsumer(removed_at=LATER))

    assert kept.removed(CONSUMER) == RemovedConsumer(removed_at=LATER)


def test_what_is_kept_of_the_entry_is_read_as_it_was_written_and_anew_until_it_is_finished(
    kept: ConsumerRemovals,
) -> None:
    first = RemovedConsumer(removed_at=NOW, was_registered=False, proof_required=True)
    second = RemovedConsumer(removed_at=NOW, suspended_at=NOW - timedelta(days=1))
    for each in (first, second):
        kept.note(CONSUMER, each)
        assert kept.removed(CONSUMER) == each
    kept.finish(CONSUMER, NOW)

    kept.note(CONSUMER, first)

    assert kept.removed(CONSUMER) == replace(second, is_finished=True)


def test_times_are_compared_whatever_their_zone(kept: ConsumerRemovals) -> None:
    elsewhere = (NOW - timedelta(minutes=1)).astimezone(timezone(timedelta(hours=14)))
    kept.note(CONSUMER, RemovedConsumer(removed_at=NOW))

    kept.note(CONSUMER, RemovedConsumer(removed_at=elsewhere))

    assert kept.removed(CONSUMER) == RemovedConsumer(removed_at=NOW)


def test_it_is_kept_for_thirty_days(table: Any) -> None:
    items(table).note(CONSUMER, RemovedConsumer(removed_at=NOW - timedelta(days=1)))

    item = table.get_item(Key={"target": TARGET, "principal": CONSUMER})["Item"]
    assert datetime.fromtimestamp(int(item["expires_at"]), UTC) == NOW.replace(microsecond=0) + timedelta(days=30)


@pytest.mark.parametrize(
    "odd", [None, 5, "", "yesterday", "2026-11-21T10:00:00", "9999-12-31T23:59:59+00:00", ["a"], {}, {"a"}, True, b"z"]
)
def test_what_somebody_wrote_there_by_hand_is_told_and_no_removal_and_the_next_one_overwrites_it(
    table: Any, odd: object
) -> None:
    told: list[str] = []
    removals = items(table, told.append)
    table.put_item(Item={"target": TARGET, "principal": CONSUMER, "removed_at": odd, "is_finished": True})

    assert removals.removed(CONSUMER) is None
    assert told == [f"when {CONSUMER} was removed can't be read: its next removal overwrites it"]

    removals.note(CONSUMER, RemovedConsumer(removed_at=NOW))
    assert removals.removed(CONSUMER) == RemovedConsumer(removed_at=NOW)
    assert len(told) == 1


@pytest.mark.parametrize("odd", [5, "yesterday", ["a"]])
def test_what_somebody_wrote_by_hand_of_the_entry_counts_against_the_account(table: Any, odd: object) -> None:
    removal = {"removed_at": NOW.isoformat(timespec="microseconds"), "suspended_at": odd, "proof_required": odd}
    table.put_item(Item={"target": TARGET, "principal": CONSUMER, **removal})

    assert items(table).removed(CONSUMER) == RemovedConsumer(removed_at=NOW, suspended_at=NOW, proof_required=True)


@pytest.mark.parametrize("code", ["AccessDeniedException", "ResourceNotFoundException"])
def test_aws_s_refusals_are_errors_of_ours(new_account: NewAccount, code: str) -> None:
    table = new_account().table("OffersTable")
    removals = items(table)
    expected = {"AccessDeniedException": AccessDeniedError, "ResourceNotFoundException": UpstreamError}[code]

    with (
        refusing(table.meta.client, "get_item", code),
        pytest.raises(expected, match="read whether"),
    ):
        removals.note(CONSUMER, RemovedConsumer(removed_at=NOW))
    with refusing(table.meta.client, "update_item", code), pytest.raises(expected, match="is off-boarded"):
        removals.finish(CONSUMER, NOW)
