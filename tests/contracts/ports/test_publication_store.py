"""The store of published names, as ``PublicationStore`` promises it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.publication.parameters import ObservedParameter, PublicationStore
from tests.builders import RESOURCE_ARN
from tests.contracts.accounts import Account
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.parameter_store import InMemoryPublicationStore

PATH = "/drawbridge/connections/orders"
NAME = f"{PATH}/db/dns-name"
OURS = RESOURCE_ARN
ANOTHER = f"{RESOURCE_ARN}0"


@dataclass(frozen=True)
class Kept:
    """A store, and somebody who writes parameters by hand."""

    store: PublicationStore
    write_by_hand: Callable[[str, str], object]


def in_memory() -> Kept:
    store = InMemoryPublicationStore()

    def write_by_hand(name: str, value: str) -> None:
        store.there[name] = ObservedParameter(value=value, subject="")

    return Kept(store, write_by_hand)


def on_aws(account: Account) -> Kept:
    ssm = account.client("ssm")

    def write_by_hand(name: str, value: str) -> object:
        return ssm.put_parameter(Name=name, Value=value, Type="String")

    return Kept(PublishedParameters(ssm, owner="drawbridge"), write_by_hand)


@pytest.fixture(params=IMPLEMENTATIONS)
def kept(request: pytest.FixtureRequest, account: Account) -> Kept:
    return either(request, in_memory, lambda: on_aws(account))


@pytest.fixture
def store(kept: Kept) -> PublicationStore:
    return kept.store


def test_what_was_never_written_is_not_there(store: PublicationStore) -> None:
    assert store.read(NAME) is None
    assert [*store.below(PATH)] == []


def test_what_is_created_is_there_with_what_it_is_published_for(store: PublicationStore) -> None:
    assert store.create(NAME, "db.example", subject=OURS)

    assert store.read(NAME) == ObservedParameter(value="db.example", subject=OURS)


def test_nothing_is_created_where_something_is(store: PublicationStore) -> None:
    store.create(NAME, "db.example", subject=OURS)

    assert not store.create(NAME, "other.example", subject=ANOTHER)

    assert store.read(NAME) == ObservedParameter(value="db.example", subject=OURS)


def test_nothing_is_created_where_something_of_somebody_else_is(kept: Kept) -> None:
    kept.write_by_hand(NAME, "mine")

    assert not kept.store.create(NAME, "db.example", subject=OURS)

    assert kept.store.read(NAME) == ObservedParameter(value="mine", subject="")


def test_what_is_overwritten_is_for_its_new_subject(store: PublicationStore) -> None:
    store.create(NAME, "db.example", subject=OURS)

    store.overwrite(NAME, "other.example", subject=ANOTHER)

    assert store.read(NAME) == ObservedParameter(value="other.example", subject=ANOTHER)


def test_what_is_below_a_path_is_listed_whoever_wrote_it_and_nothing_else(kept: Kept) -> None:
    kept.store.create(NAME, "db.example", subject=OURS)
    kept.store.create(f"{PATH}-of-another/db/dns-name", "no.example", subject=OURS)
    kept.write_by_hand(f"{PATH}/db/connection", "mine")

    assert sorted(kept.store.below(PATH)) == [(f"{PATH}/db/connection", "mine"), (NAME, "db.example")]


def test_what_is_removed_is_gone(store: PublicationStore) -> None:
    store.create(NAME, "db.example", subject=OURS)

    store.remove_all({NAME: OURS})

    assert store.read(NAME) is None


def test_removing_what_is_gone_changes_nothing(store: PublicationStore) -> None:
    store.create(f"{PATH}/db/connection", "{}", subject=OURS)

    store.remove_all({NAME: OURS})

    assert [*store.below(PATH)] == [(f"{PATH}/db/connection", "{}")]


def test_what_is_published_for_another_subject_is_left_alone(store: PublicationStore) -> None:
    store.create(NAME, "db.example", subject=ANOTHER)

    store.remove_all({NAME: OURS})

    assert store.read(NAME) == ObservedParameter(value="db.example", subject=ANOTHER)


@pytest.mark.parametrize("subject", [OURS, ""])
def test_what_is_somebody_else_s_is_left_alone(kept: Kept, subject: str) -> None:
    kept.write_by_hand(NAME, "mine")

    kept.store.remove_all({NAME: subject})

    assert kept.store.read(NAME) == ObservedParameter(value="mine", subject="")


def test_of_many_those_that_are_there_are_read(kept: Kept) -> None:
    kept.store.create(NAME, "db.example", subject=OURS)
    kept.write_by_hand(f"{PATH}/theirs/dns-name", "mine")

    assert kept.store.read_all([f"{PATH}/none/dns-name", f"{PATH}/theirs/dns-name", NAME]) == {
        NAME: ObservedParameter(value="db.example", subject=OURS),
        f"{PATH}/theirs/dns-name": ObservedParameter(value="mine", subject=""),
    }
    assert kept.store.read_all([]) == {}


def test_of_many_those_that_are_ours_and_of_their_subjects_are_removed(kept: Kept) -> None:
    kept.store.create(NAME, "db.example", subject=OURS)
    kept.store.create(f"{PATH}/other/dns-name", "db.example", subject=ANOTHER)
    kept.write_by_hand(f"{PATH}/theirs/dns-name", "mine")
    every = (f"{PATH}/none/dns-name", f"{PATH}/theirs/dns-name", f"{PATH}/other/dns-name", NAME)

    assert kept.store.remove_all(dict.fromkeys(every, OURS)) == {}
    assert kept.store.read_all(every).keys() == {f"{PATH}/theirs/dns-name", f"{PATH}/other/dns-name"}
