"""Connections to endpoint services, as ``ConnectionAnswers`` promises to show and answer them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.acceptance.answer_all import ConnectionAnswers
from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.request.connections import ConnectionState
from local_aws_tests.sharing import pass_time
from tests.builders import CONSUMER, ENDPOINT_ID, SERVICE_ID
from tests.contracts.accounts import Account, connected, offered
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.acceptance import InMemoryConnectionAnswers

NOBODY = "vpce-00000000000000000"


@dataclass(frozen=True)
class Asked:
    """An account that is asked for a connection."""

    services: ConnectionAnswers
    service_id: str
    endpoint_id: str
    owner: str
    settle: Callable[[], None]

    def state(self) -> ConnectionState:
        (listed,) = self.services.listed([self.endpoint_id])
        return listed.state

    def answer(self, *, accept: bool, endpoint_id: str = "") -> dict[str, str]:
        return self.services.answer(self.service_id, [endpoint_id or self.endpoint_id], accept=accept)


def in_memory() -> Asked:
    fake = InMemoryConnectionAnswers(ConnectionState.PENDING_ACCEPTANCE)

    def settle() -> None:
        if fake.now is ConnectionState.PENDING:
            fake.now = ConnectionState.AVAILABLE

    return Asked(fake, SERVICE_ID, ENDPOINT_ID, CONSUMER, settle)


def on_aws(provider: Account, consumer: Account) -> Asked:
    service = offered(provider)
    services = EndpointServices(provider.ec2)
    endpoint_id = connected(consumer, service)
    return Asked(services, service["ServiceId"], endpoint_id, consumer.account_id, settle=lambda: pass_time(10))


@pytest.fixture(params=IMPLEMENTATIONS)
def asked(request: pytest.FixtureRequest, provider: Account, consumer: Account) -> Asked:
    return either(request, in_memory, lambda: on_aws(provider, consumer))


def test_a_connection_waits_for_its_answer(asked: Asked) -> None:
    assert asked.state() is ConnectionState.PENDING_ACCEPTANCE


def test_a_connection_tells_whose_it_is(asked: Asked) -> None:
    (listed,) = asked.services.listed([asked.endpoint_id, NOBODY])

    assert (listed.service_id, listed.endpoint_id, listed.owner) == (asked.service_id, asked.endpoint_id, asked.owner)
    assert asked.services.listed([NOBODY]) == asked.services.listed([]) == []


def test_what_is_accepted_comes_about(asked: Asked) -> None:
    refused = asked.answer(accept=True)
    at_once = asked.state()
    asked.settle()

    assert refused == {}
    assert (at_once, asked.state()) == (ConnectionState.PENDING, ConnectionState.AVAILABLE)


@pytest.mark.parametrize("accepted_before", [True, False])
def test_a_connection_can_be_rejected_before_and_after_its_acceptance(asked: Asked, accepted_before: bool) -> None:
    if accepted_before:
        asked.answer(accept=True)
        asked.settle()

    assert asked.answer(accept=False) == {}
    asked.settle()

    asked.settle()
    assert asked.state() is ConnectionState.REJECTED


def test_trap_10_an_answer_that_is_not_taken_comes_back_with_its_reason_and_changes_nothing(asked: Asked) -> None:
    asked.answer(accept=True)
    asked.settle()

    refused = asked.answer(accept=True)

    assert refused.keys() == {asked.endpoint_id}
    assert all(refused.values())
    assert asked.state() is ConnectionState.AVAILABLE


def test_of_an_endpoint_that_never_asked_nothing_is_known_and_nothing_answered(asked: Asked) -> None:
    assert asked.answer(accept=True, endpoint_id=NOBODY).keys() == {NOBODY}

    assert asked.state() is ConnectionState.PENDING_ACCEPTANCE
