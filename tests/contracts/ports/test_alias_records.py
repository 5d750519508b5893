"""Names of our own in hosted zones, as ``AliasRecords`` promises them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder
from drawbridge.aws.hosted_zones import HostedZones
from drawbridge.errors import ConflictError
from drawbridge.publication.named import NamedResource
from drawbridge.publication.publish import AliasRecords
from local_aws_tests.sharing import first_vpc
from local_aws_tests.zones import ZONE_OF_LATTICE, private_zone, put, record, records
from local_aws_tests.zones import alias as alias_record
from tests.builders import RESOURCE_ARN
from tests.contracts.accounts import REGION, Account
from tests.contracts.ports.implementations import IMPLEMENTATIONS, either
from tests.fakes.alias_records import InMemoryAliasRecords

NAME = "orders-db.db.internal"
HOLDER = Holder(subject=RESOURCE_ARN, binding="orders", vpc_id="vpc-0123456789abcdef0")
OF_ANOTHER_RESOURCE = Holder(subject=f"{RESOURCE_ARN[:-1]}6", binding="orders", vpc_id="vpc-0123456789abcdef0")
OF_ANOTHER_BINDING = Holder(subject=RESOURCE_ARN, binding="second", vpc_id="vpc-0123456789abcdef0")
OF_BEFORE = Holder(subject=RESOURCE_ARN)
"""As an earlier version marked it."""


def to(host: str = "vpce-1") -> NamedResource:
    return NamedResource(
        association_id="vpce-rsc-asc-1",
        resource_arn=RESOURCE_ARN,
        accessible=True,
        dns_name=f"{host}.rcfg-1.4232ccc.vpc-lattice-rsc.{REGION}.on.aws",
        hosted_zone_id=ZONE_OF_LATTICE,
    )


def never(_: Holder) -> bool:
    return False


def always(_: Holder) -> bool:
    return True


@dataclass(frozen=True)
class Zone:
    """A hosted zone, and somebody who writes records in it by hand."""

    records: AliasRecords
    alias: Alias
    write_by_hand: Callable[[str], None]
    """Have the alias's name lead there."""
    mark_as_before: Callable[[], None]
    """Mark the name as an earlier version did, which did not say whose it is."""
    target: Callable[[], str | None]
    """Where the alias's name leads."""

    def point(
        self, holder: Holder = HOLDER, host: str = "vpce-1", may_take_over: Callable[[Holder], bool] = never
    ) -> None:
        self.records.point(self.alias, to(host), holder=holder, may_take_over=may_take_over)

    def difference(
        self, holder: Holder = HOLDER, host: str = "vpce-1", may_take_over: Callable[[Holder], bool] = never
    ) -> str | None:
        return self.records.difference(self.alias, to(host), holder=holder, may_take_over=may_take_over)

    def remove(self, holder: Holder = HOLDER, host: str = "vpce-1") -> None:
        self.records.remove(self.alias, holder=holder, dns_name=to(host).dns_name)


def in_memory() -> Zone:
    fake = InMemoryAliasRecords()

    def write_by_hand(host: str) -> None:
        fake.records[NAME] = (to(host).dns_name, "")

    def mark_as_before() -> None:
        fake.holders[NAME] = OF_BEFORE

    def target() -> str | None:
        return fake.records[NAME][0] if NAME in fake.records else None

    return Zone(fake, Alias(zone_id="Z0123456789", name=NAME), write_by_hand, mark_as_before, target)


def on_aws(account: Account) -> Zone:
    zone = private_zone(account, "db.internal", VPC={"VPCId": first_vpc(account)[0], "VPCRegion": REGION})

    def write_by_hand(host: str) -> None:
        put(account, zone, alias_record(NAME, to(host).dns_name))

    def mark_as_before() -> None:
        put(account, zone, record(f"_drawbridge.{NAME}", "TXT", f'"owner=drawbridge subject={RESOURCE_ARN}"'))

    def target() -> str | None:
        found = [each for each in records(account, zone) if each["Name"] == f"{NAME}." and each["Type"] == "A"]
        return str(found[0]["AliasTarget"]["DNSName"]).rstrip(".") if found else None

    adapter = HostedZones(account.client("route53"), owner="drawbridge")
    return Zone(adapter, Alias(zone_id=zone, name=NAME), write_by_hand, mark_as_before, target)


@pytest.fixture(params=IMPLEMENTATIONS)
def zone(request: pytest.FixtureRequest, account: Account) -> Zone:
    return either(request, in_memory, lambda: on_aws(account))


def test_a_name_leads_where_it_was_pointed_and_does_not_differ_from_that(zone: Zone) -> None:
    assert zone.difference()

    zone.point()

    assert zone.target() == to().dns_name
    assert zone.difference() is None


def test_a_name_of_the_same_holder_follows_what_it_leads_to(zone: Zone) -> None:
    zone.point()
    assert zone.difference(host="vpce-2")

    zone.point(host="vpce-2")

    assert zone.target() == to("vpce-2").dns_name


@pytest.mark.parametrize("theirs", [OF_ANOTHER_RESOURCE, OF_ANOTHER_BINDING])
def test_another_s_name_is_a_conflict_and_stays_as_it_is(zone: Zone, theirs: Holder) -> None:
    zone.point(theirs)

    with pytest.raises(ConflictError):
        zone.point(host="vpce-2")
    with pytest.raises(ConflictError):
        zone.difference(host="vpce-2")

    assert zone.target() == to().dns_name
    assert zone.difference(theirs) is None


@pytest.mark.parametrize("theirs", [OF_ANOTHER_RESOURCE, OF_ANOTHER_BINDING])
def test_another_s_name_that_may_be_taken_over_is_the_holder_s_from_then_on(zone: Zone, theirs: Holder) -> None:
    zone.point(theirs)

    zone.point(host="vpce-2", may_take_over=lambda found: found == theirs)

    assert zone.target() == to("vpce-2").dns_name
    with pytest.raises(ConflictError):
        zone.point(theirs)


def test_where_only_the_marker_differs_there_is_no_difference_to_tell(zone: Zone) -> None:
    zone.point(OF_ANOTHER_BINDING)

    assert zone.difference(may_take_over=always) == ""


def test_a_record_that_is_not_ours_is_never_touched(zone: Zone) -> None:
    zone.write_by_hand("vpce-9")

    with pytest.raises(ConflictError, match="not Drawbridge's"):
        zone.point(may_take_over=always)
    with pytest.raises(ConflictError, match="not Drawbridge's"):
        zone.difference(may_take_over=always)
    zone.remove()

    assert zone.target() == to("vpce-9").dns_name


def test_a_name_that_an_earlier_version_marked_is_the_holder_s_and_is_marked_anew(zone: Zone) -> None:
    zone.write_by_hand("vpce-1")
    zone.mark_as_before()
    assert zone.difference() == ""

    zone.point()

    assert zone.difference() is None


def test_what_is_removed_leads_nowhere_and_is_anybody_s(zone: Zone) -> None:
    zone.point()

    zone.remove()

    assert zone.target() is None
    zone.point(OF_ANOTHER_BINDING)
    assert zone.target() == to().dns_name


def test_a_record_that_leads_elsewhere_by_now_is_removed_with_its_holder_s_marker(zone: Zone) -> None:
    zone.point()

    zone.remove(host="vpce-2")

    assert zone.target() is None


@pytest.mark.parametrize("theirs", [OF_ANOTHER_RESOURCE, OF_ANOTHER_BINDING])
def test_another_s_name_is_not_removed(zone: Zone, theirs: Holder) -> None:
    zone.point(theirs)

    zone.remove()

    assert zone.target() == to().dns_name
    assert zone.difference(theirs) is None


@pytest.mark.parametrize(("host", "removed"), [("vpce-1", True), ("vpce-2", False)])
def test_a_name_whose_marker_does_not_say_whose_it_is_is_removed_where_it_leads_where_the_holder_s_led(
    zone: Zone, host: str, removed: bool
) -> None:
    zone.write_by_hand("vpce-1")
    zone.mark_as_before()

    zone.remove(host=host)

    assert (zone.target() is None) is removed


def test_removing_what_is_not_there_changes_nothing(zone: Zone) -> None:
    zone.remove()

    assert zone.target() is None
