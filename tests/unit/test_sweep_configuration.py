"""What a sweep reads of the configuration: of associations nothing, unless it sweeps shares."""

import pytest

from drawbridge.configuration import ConfigurationParameter
from drawbridge.discovery.configuration import SweepConfiguration
from drawbridge.hint import CONNECTIONS, EVERYTHING, ORPHANS, SERVICES, SHARES, SweepScope
from tests.fakes.configuration import InMemoryParameters

NO_POLICY = ("policy", "(none)")


class Watched(InMemoryParameters):
    """Broken bindings, and which paths were read."""

    def __init__(self) -> None:
        super().__init__("bindings", {"mine": ["{"]})
        self.read: list[str] = []

    def below(self, path: str) -> list[ConfigurationParameter]:
        self.read.append(path)
        return super().below(path)


@pytest.mark.parametrize("scope", [CONNECTIONS, SERVICES, SweepScope(executions=frozenset({"share-a-1"}))])
def test_a_sweep_without_shares_reads_policies_alone(scope: SweepScope) -> None:
    parameters = Watched()

    configuration = SweepConfiguration(parameters, scope, everything_may_be_permitted=False)

    assert [(kind, each.name) for kind, each in configuration.broken] == [NO_POLICY]
    assert parameters.read == ["policies"]


@pytest.mark.parametrize("scope", [SHARES, EVERYTHING, ORPHANS, CONNECTIONS | SHARES])
def test_a_sweep_of_shares_reads_each_path_once_and_tells_what_is_broken(scope: SweepScope) -> None:
    parameters = Watched()

    configuration = SweepConfiguration(parameters, scope, everything_may_be_permitted=False)

    assert [(kind, each.name) for kind, each in configuration.broken] == [NO_POLICY, ("binding", "mine")]
    assert (configuration.bindings.things, configuration.quotas.things) == ((), ())
    assert parameters.read == ["policies", "bindings", "quotas"]


def test_bindings_are_read_if_they_are_asked_for_after_all() -> None:
    configuration = SweepConfiguration(Watched(), CONNECTIONS, everything_may_be_permitted=False)

    assert [each.name for each in configuration.bindings.broken] == ["mine"]
