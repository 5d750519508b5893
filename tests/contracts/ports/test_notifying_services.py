"""Connection notifications, as ``NotifyingServices`` promises them."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from drawbridge.aws.endpoint_services import EndpointServices
from drawbridge.discovery.notifications import NotifyingServices
from tests.builders import SERVICE_ID
from tests.contracts.accounts import Account, offered
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.requests import InMemorySweptServices


@dataclass(frozen=True)
class Offering:
    """An account with one managed service."""

    services: NotifyingServices
    service_id: str


def on_aws(account: Account) -> Offering:
    topic_arn = account.client("sns").create_topic(Name="connections")["TopicArn"]
    return Offering(EndpointServices(account.ec2, topic_arn=topic_arn), offered(account)["ServiceId"])


@pytest.fixture(params=IMPLEMENTATIONS)
def offering(request: pytest.FixtureRequest, account: Account) -> Offering:
    return either(request, lambda: Offering(InMemorySweptServices(), SERVICE_ID), lambda: on_aws(account))


def test_a_managed_service_lacks_its_notification_until_that_is_created(offering: Offering) -> None:
    services, service_id = offering.services, offering.service_id
    assert [each.service_id for each in services.managed()] == [service_id]
    assert services.without_notification([service_id]) == [service_id]

    services.create_connection_notification(service_id)

    assert services.without_notification([service_id]) == []


def test_creating_a_notification_that_is_there_is_no_error(offering: Offering) -> None:
    for _ in range(2):
        offering.services.create_connection_notification(offering.service_id)

    assert offering.services.without_notification([offering.service_id]) == []


def test_only_of_the_services_that_are_asked_about_it_is_said_what_they_lack(offering: Offering) -> None:
    assert offering.services.without_notification([]) == []
