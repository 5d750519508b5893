"""Hosted zones, as a sweep lists them: where aliases lead, in few calls."""

from __future__ import annotations

from unittest import mock

import pytest

from drawbridge.aws.hosted_zone_listing import HostedZoneListing
from drawbridge.errors import AccessDeniedError
from local_aws_tests.sharing import first_vpc
from local_aws_tests.zones import alias, private_zone, put, record
from tests.contracts.accounts import REGION, Account, refusing

TARGET = f"vpce-1.rcfg-1.4232ccc.vpc-lattice-rsc.{REGION}.on.aws"


@pytest.fixture
def zone(account: Account) -> str:
    return private_zone(account, "db.internal", VPC={"VPCId": first_vpc(account)[0], "VPCRegion": REGION})


def test_where_aliases_lead_is_asked_once_a_zone_however_many_there_are(account: Account, zone: str) -> None:
    put(account, zone, *(alias(f"db-{number}.db.internal", TARGET) for number in range(301)))
    put(account, zone, record("other.db.internal", "A", "10.0.0.1"))
    route53 = account.client("route53")
    survey = HostedZoneListing(lambda: route53)

    with mock.patch.object(route53, "_make_api_call", wraps=route53._make_api_call) as calls:
        led = [survey.leads_to(zone, f"db-{number}.db.internal") for number in range(301)]
        assert survey.leads_to(zone, "other.db.internal") == "10.0.0.1"
        assert survey.leads_to(zone, "none.db.internal") == ""

    assert led == [TARGET] * 301
    assert len(calls.mock_calls) == 2


def test_a_zone_that_is_gone_has_no_records(account: Account) -> None:
    assert HostedZoneListing(lambda: account.client("route53")).leads_to("Z0000000000", "a.b") == ""


def test_who_may_not_list_records_is_told(account: Account, zone: str) -> None:
    client = account.client("route53")

    with refusing(client, "list_resource_record_sets", "AccessDenied"), pytest.raises(AccessDeniedError, match=zone):
        HostedZoneListing(lambda: client).leads_to(zone, "a.b")


def test_nobody_s_client_is_built_where_nobody_asks() -> None:
    def never() -> None:
        raise AssertionError

    HostedZoneListing(never)  # type: ignore[arg-type]  # it gives nothing
