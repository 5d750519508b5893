"""Suspended and restored shares on the local AWS."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from local_aws.services.ram import shares
from local_aws_tests.accounts import Person, full_pages, person, refusal
from local_aws_tests.sharing import accept_invitation, pass_time, resource_configuration, share


def shared() -> tuple[Person, Person, str, str]:
    """Share a resource and accept it; return provider, consumer, and the ARNs of the resource and the share."""
    provider, consumer = person(), person()
    arn = resource_configuration(provider)
    share_arn = share(provider, arn, consumer)
    accept_invitation(consumer)
    pass_time(5)
    return provider, consumer, arn, share_arn


def listed(consumer: Person) -> list[tuple[str, str]]:
    with full_pages():
        found = consumer.ram.list_resources(resourceOwner="OTHER-ACCOUNTS")["resources"]
    return [(each["arn"], each["status"]) for each in found]


def statuses(provider: Person, share_arn: str, kind: str) -> list[str]:
    request: dict[str, Any] = {"associationType": kind, "resourceShareArns": [share_arn]}
    with full_pages():
        found = provider.ram.get_resource_share_associations(**request)["resourceShareAssociations"]
    return [each["status"] for each in found]


@pytest.mark.parametrize("kind", ["RESOURCE", "PRINCIPAL"])
def test_a_suspended_resource_or_principal_is_unavailable_until_it_is_restored(kind: str) -> None:
    provider, consumer, arn, share_arn = shared()
    entity = arn if kind == "RESOURCE" else consumer.account_id

    def use() -> Any:
        return consumer.lattice.get_resource_configuration(resourceConfigurationIdentifier=arn)

    shares.suspend(share_arn, entity)
    at_once = statuses(provider, share_arn, kind)
    pass_time(5)
    suspended = statuses(provider, share_arn, kind)
    seen, refused = listed(consumer), refusal(use)
    in_lattice = consumer.lattice.list_resource_configurations()["items"]
    shares.restore(share_arn, entity)
    restoring = statuses(provider, share_arn, kind)
    pass_time(5)

    assert (at_once, suspended, restoring) == (["SUSPENDING"], ["SUSPENDED"], ["RESTORING"])
    assert seen == [(arn, "UNAVAILABLE")]
    assert refused == "ResourceNotFoundException"
    assert in_lattice == []
    assert [each["arn"] for each in consumer.lattice.list_resource_configurations()["items"]] == [arn]
    assert listed(consumer) == [(arn, "AVAILABLE")]
    assert use()["arn"] == arn


def test_a_share_that_is_suspended_for_an_account_may_not_be_listed_to_it_at_all() -> None:
    _, consumer, arn, share_arn = shared()

    with mock.patch.object(shares, "suspended_is_listed", new=False):
        shares.suspend(share_arn, consumer.account_id)
        suspended = listed(consumer)
        shares.restore(share_arn, consumer.account_id)
        pass_time(5)

    assert suspended == []
    assert listed(consumer) == [(arn, "AVAILABLE")]
