"""The registry at one sweep: as many calls as there are hundreds of accounts, whatever asks for their entries."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import pytest

from drawbridge.configuration import InForce
from drawbridge.decision.facts import Consumer
from drawbridge.decision.registration import Registration
from drawbridge.discovery.fingerprints import CachedRegistry, FingerprintsInForce
from drawbridge.discovery.observation import Observer
from drawbridge.errors import ThrottledError
from drawbridge.request.connections import ConnectionState, EndpointConnection
from tests.builders import NOW, SERVICE_ID
from tests.fakes.interruptions import Interruptions
from tests.fakes.requests import InMemorySweptServices, InMemorySweptShares

GOLD = Consumer(tier="gold")


class CountedRegistry:
    """A registry that counts what it is asked."""

    def __init__(self, *accounts: str) -> None:
        self.registered = dict.fromkeys(accounts, GOLD)
        self.asked: list[object] = []
        self.is_throttled = False

    def entries(self, account_ids: Collection[str]) -> dict[str, Registration]:
        self.asked.append(sorted(account_ids))
        if self.is_throttled:
            raise ThrottledError("registry")
        return {each.account_id: each for each in self._entries() if each.account_id in account_ids}

    def all(self, *, consistently: bool) -> Iterable[Registration]:
        self.asked.append("all, consistently" if consistently else "all")
        return self._entries()

    def _entries(self) -> Iterable[Registration]:
        return [Registration(account_id=each, consumer=consumer) for each, consumer in self.registered.items()]


@pytest.fixture
def registry() -> CountedRegistry:
    return CountedRegistry("one", "two")


def test_what_was_loaded_is_not_read_again_whether_there_is_an_entry_or_not(registry: CountedRegistry) -> None:
    cached = CachedRegistry(registry)
    cached.load(["one", "none"])
    asked = [*registry.asked]

    found = [cached.consumer(each) for each in ("one", "none", "one")]
    cached.load(["one", "none"])

    assert found == [GOLD, None, GOLD]
    assert registry.asked == asked


def test_only_what_was_not_read_yet_is_loaded(registry: CountedRegistry) -> None:
    cached = CachedRegistry(registry)
    cached.consumer("one")
    cached.load(["one", "two"])

    assert registry.asked == [["one"], ["two"]]


@pytest.mark.parametrize(("accounts", "is_whole"), [(3, False), (4, True)])
def test_of_many_accounts_the_whole_registry_is_read(accounts: int, is_whole: bool, registry: CountedRegistry) -> None:
    cached = CachedRegistry(registry, most_by_keys=3)
    cached.load(["one", "two", "none", "neither"][:accounts])

    assert (registry.asked == ["all, consistently"]) == is_whole
    assert [cached.consumer(each) for each in ("one", "none")] == [GOLD, None]


def test_a_registry_that_could_not_be_read_is_not_one_without_entries(registry: CountedRegistry) -> None:
    cached = CachedRegistry(registry)
    registry.is_throttled = True
    with pytest.raises(ThrottledError):
        cached.load(["one"])
    registry.is_throttled = False

    assert cached.consumer("one") == GOLD


@pytest.mark.parametrize("connections", [1, 50])
def test_a_sweep_asks_the_registry_as_often_whatever_the_number_of_connections(connections: int) -> None:
    accounts = [f"{number:012}" for number in range(connections)]
    registry = CountedRegistry(*accounts)
    services = InMemorySweptServices(Interruptions())
    services.listed_connections = [
        EndpointConnection(
            service_id=SERVICE_ID,
            endpoint_id=f"vpce-{each}",
            owner=each,
            state=ConnectionState.AVAILABLE,
            region="eu-central-1",
            asked_at=NOW,
        )
        for each in accounts
    ]
    fingerprints = FingerprintsInForce(
        InForce((), (), ()), InForce((), (), ()), InForce((), (), ()), CachedRegistry(registry)
    )

    observed = Observer(InMemorySweptShares(Interruptions()), services, fingerprints).connections([])

    assert [each.account_id for each in observed.requests] == accounts
    assert len({each.decision_fingerprint for each in observed.requests}) == 1
    assert registry.asked == [accounts]
