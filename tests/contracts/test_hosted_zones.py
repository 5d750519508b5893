"""Route 53's private hosted zones, as the adapter promises to write names into them."""

from __future__ import annotations

from typing import Any
from unittest import mock

import pytest

from drawbridge.association import Alias
from drawbridge.association.aliases import Holder, HostedZone
from drawbridge.aws.hosted_zones import HostedZones
from drawbridge.errors import AccessDeniedError, ConflictError, NotReadyError, RefusedError, ThrottledError
from drawbridge.publication.named import NamedResource
from local_aws_tests.sharing import first_vpc
from local_aws_tests.zones import ZONE_OF_LATTICE, private_zone, put, record, records
from local_aws_tests.zones import alias as alias_record
from tests.builders import RESOURCE_ARN
from tests.contracts.accounts import REGION, Account, refusing

NAME = "orders-db.db.internal"
MARKER = f"_drawbridge.{NAME}"
OTHER_ARN = f"{RESOURCE_ARN[:-1]}6"


@pytest.fixture
def zone(account: Account) -> str:
    return private_zone(account, "db.internal", VPC={"VPCId": first_vpc(account)[0], "VPCRegion": REGION})


@pytest.fixture
def alias(zone: str) -> Alias:
    return Alias(zone_id=zone, name=NAME)


def zones_of(account: Account, owner: str = "drawbridge") -> HostedZones:
    return HostedZones(account.client("route53"), owner=owner)


def never(_: Holder) -> bool:
    return False


def holder_of(subject: str = RESOURCE_ARN, binding: str = "orders", vpc_id: str = "vpc-0123456789abcdef0") -> Holder:
    return Holder(subject=subject, binding=binding, vpc_id=vpc_id)


def leads_to(host: str = "vpce-1.rcfg-1", resource_arn: str = RESOURCE_ARN) -> NamedResource:
    return NamedResource(
        association_id="vpce-rsc-asc-1",
        resource_arn=resource_arn,
        accessible=True,
        dns_name=f"{host}.4232ccc.vpc-lattice-rsc.{REGION}.on.aws",
        hosted_zone_id=ZONE_OF_LATTICE,
    )


def there(account: Account, zone: str) -> dict[tuple[str, str], Any]:
    """Return what the zone's records say, by name and type."""
    return {
        (each["Name"].replace("\\137", "_"), each["Type"]): each["AliasTarget"]["DNSName"]
        if "AliasTarget" in each
        else [value["Value"] for value in each["ResourceRecords"]]
        for each in records(account, zone)
    }


def mark(subject: str = RESOURCE_ARN, owner: str = "drawbridge", binding: str = "orders") -> str:
    return f'"owner={owner} subject={subject}" "binding={binding} vpc=vpc-0123456789abcdef0"'


def mark_of_before(subject: str = RESOURCE_ARN) -> str:
    """Return a marker as an earlier version wrote it: it does not say whose the name is."""
    return f'"owner=drawbridge subject={subject}"'


def test_a_name_leads_there_and_is_marked_as_ours(account: Account, alias: Alias) -> None:
    zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    assert there(account, alias.zone_id) == {
        (f"{NAME}.", "A"): f"{leads_to().dns_name}.",
        (f"{MARKER}.", "TXT"): [mark()],
    }


def test_nothing_is_written_when_nothing_changed(account: Account, alias: Alias) -> None:
    zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    with mock.patch.object(account.client("route53"), "change_resource_record_sets") as change:
        zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    change.assert_not_called()


def test_a_name_follows_what_it_leads_to(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    zones.point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    zones.point(alias, leads_to("vpce-2.rcfg-1"), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    assert there(account, alias.zone_id) == {
        (f"{NAME}.", "A"): f"{leads_to('vpce-2.rcfg-1').dns_name}.",
        (f"{MARKER}.", "TXT"): [mark()],
    }


def test_a_record_that_somebody_deleted_is_written_anew(account: Account, alias: Alias) -> None:
    put(account, alias.zone_id, record(MARKER, "TXT", mark()))

    zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    assert (f"{NAME}.", "A") in there(account, alias.zone_id)


@pytest.mark.parametrize(
    "theirs",
    [
        [alias_record(NAME, leads_to().dns_name)],
        [record(NAME, "A", "10.0.0.1")],
        [record(NAME, "A", "10.0.0.1"), record(MARKER, "TXT", mark(owner="another"))],
        [record(NAME, "A", "10.0.0.1"), record(MARKER, "TXT", '"owner=drawbridge"')],
        [record(MARKER, "TXT", mark(owner="another"))],
    ],
)
def test_what_is_not_ours_is_never_touched(account: Account, alias: Alias, theirs: list[dict[str, Any]]) -> None:
    put(account, alias.zone_id, *theirs)
    before = records(account, alias.zone_id)

    with pytest.raises(ConflictError, match=NAME):
        zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)
    zones_of(account).remove(alias, holder=holder_of(RESOURCE_ARN), dns_name=leads_to().dns_name)

    assert records(account, alias.zone_id) == before


def test_two_resources_never_have_one_name(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    zones.point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)
    before = records(account, alias.zone_id)

    with pytest.raises(ConflictError, match=RESOURCE_ARN):
        zones.point(alias, leads_to("vpce-2.rcfg-2"), holder=holder_of(OTHER_ARN), may_take_over=never)
    zones.remove(alias, holder=holder_of(OTHER_ARN), dns_name=leads_to().dns_name)

    assert records(account, alias.zone_id) == before


def test_what_may_be_replaced_gives_its_name_to_what_comes_in_its_place(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    zones.point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)
    asked: list[str] = []

    def gone(other: Holder) -> bool:
        asked.append(other.subject)
        return True

    assert zones.difference(alias, leads_to("vpce-2.rcfg-2"), holder=holder_of(OTHER_ARN), may_take_over=gone)
    zones.point(alias, leads_to("vpce-2.rcfg-2"), holder=holder_of(OTHER_ARN), may_take_over=gone)

    assert {*asked} == {RESOURCE_ARN}
    assert there(account, alias.zone_id)[f"{MARKER}.", "TXT"] == [mark(OTHER_ARN)]
    assert not zones.difference(alias, leads_to("vpce-2.rcfg-2"), holder=holder_of(OTHER_ARN), may_take_over=never)


def test_what_is_another_stack_s_is_not_replaced_whatever_became_of_it(account: Account, alias: Alias) -> None:
    zones_of(account, "second").point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    with pytest.raises(ConflictError, match="owner=second"):
        zones_of(account).point(alias, leads_to(), holder=holder_of(OTHER_ARN), may_take_over=lambda _: True)


def test_of_two_stacks_each_leaves_the_other_s_alone(account: Account, alias: Alias) -> None:
    zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    with pytest.raises(ConflictError, match="owner=drawbridge"):
        zones_of(account, "second").point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)


def test_a_name_is_removed_with_its_marker_and_nothing_beside_it(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    neighbours = [record("a.db.internal", "A", "10.0.0.1"), record(NAME, "TXT", '"theirs"')]
    put(account, alias.zone_id, *neighbours)
    before = records(account, alias.zone_id)
    zones.point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    for _ in range(2):
        zones.remove(alias, holder=holder_of(RESOURCE_ARN), dns_name=leads_to().dns_name)

    assert records(account, alias.zone_id) == before


def test_in_a_zone_that_is_gone_there_is_nothing_to_remove_and_nowhere_to_lead(account: Account) -> None:
    zones, gone = zones_of(account), Alias(zone_id="Z0000000000GONE", name=NAME)

    zones.remove(gone, holder=holder_of(), dns_name=leads_to().dns_name)

    with pytest.raises(RefusedError):
        zones.point(gone, leads_to(), holder=holder_of(), may_take_over=never)


def test_a_zone_that_is_denied_is_reported_when_a_name_is_to_be_removed(account: Account, alias: Alias) -> None:
    route53 = account.client("route53")
    zones = HostedZones(route53, owner="drawbridge")

    with refusing(route53, "list_resource_record_sets", "AccessDenied"), pytest.raises(AccessDeniedError):
        zones.remove(alias, holder=holder_of(), dns_name=leads_to().dns_name)


def test_of_a_name_whose_record_is_gone_the_marker_is_removed(account: Account, alias: Alias) -> None:
    put(account, alias.zone_id, record(MARKER, "TXT", mark()))

    zones_of(account).remove(alias, holder=holder_of(RESOURCE_ARN), dns_name=leads_to().dns_name)

    assert there(account, alias.zone_id) == {}


def test_a_name_beside_others_is_not_taken_for_them(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    longer = Alias(zone_id=alias.zone_id, name=f"a.{NAME}")
    zones.point(longer, leads_to("vpce-2.rcfg-2"), holder=holder_of(OTHER_ARN), may_take_over=never)

    zones.point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    assert len(there(account, alias.zone_id)) == 4


def test_a_name_outside_of_the_zone_is_refused_and_not_tried_again(account: Account, zone: str) -> None:
    with pytest.raises(RefusedError, match="not permitted in zone"):
        zones_of(account).point(
            Alias(zone_id=zone, name="db.other"), leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never
        )


def test_a_name_that_is_a_cname_is_refused_and_not_tried_again(account: Account, alias: Alias) -> None:
    put(account, alias.zone_id, record(NAME, "CNAME", "elsewhere.example"))
    before = records(account, alias.zone_id)

    with pytest.raises(RefusedError, match="CNAME"):
        zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)

    assert records(account, alias.zone_id) == before


def test_a_zone_that_is_not_there_is_refused(account: Account) -> None:
    with pytest.raises(RefusedError, match="NoSuchHostedZone"):
        zones_of(account).point(
            Alias(zone_id="Z0000000000", name=NAME), leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never
        )


def test_who_comes_second_looks_again(account: Account, alias: Alias, monkeypatch: pytest.MonkeyPatch) -> None:
    zones_of(account).point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)
    late = zones_of(account)
    monkeypatch.setattr(late, "_find", lambda *_: None)

    with pytest.raises(NotReadyError, match="already exists"):
        late.point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("PriorRequestNotComplete", NotReadyError),
        ("Throttling", ThrottledError),
        ("AccessDenied", AccessDeniedError),
    ],
)
def test_a_change_that_is_refused_is_an_error(
    account: Account, alias: Alias, monkeypatch: pytest.MonkeyPatch, code: str, error: type[Exception]
) -> None:
    zones = zones_of(account)
    monkeypatch.setattr(zones, "_find", lambda *_: None)

    with refusing(account.client("route53"), "change_resource_record_sets", code), pytest.raises(error, match=NAME):
        zones.point(alias, leads_to(), holder=holder_of(RESOURCE_ARN), may_take_over=never)


def test_a_zone_says_whether_it_is_private(account: Account, zone: str) -> None:
    public = account.client("route53").create_hosted_zone(Name="public.example", CallerReference="a public one")
    zones = zones_of(account)

    assert zones.zone(zone) == HostedZone(name="db.internal", private=True)
    assert zones.zone(public["HostedZone"]["Id"].rpartition("/")[2]) == HostedZone(name="public.example", private=False)
    assert zones.zone("Z0000000000") is None


def test_a_marker_says_whose_the_name_is(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    assert zones.holder(alias) is None

    zones.point(alias, leads_to(), holder=holder_of(), may_take_over=never)

    assert zones.holder(alias) == holder_of()
    assert zones_of(account, "second").holder(alias) is None


def test_another_binding_s_name_is_not_taken_nor_removed(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    zones.point(alias, leads_to(), holder=holder_of(), may_take_over=never)
    before = records(account, alias.zone_id)
    other = holder_of(binding="billing", vpc_id="vpc-00000000000000002")

    with pytest.raises(ConflictError, match=r"alias-taken: .*binding orders's"):
        zones.point(alias, leads_to("vpce-2.rcfg-1"), holder=other, may_take_over=never)
    zones.remove(alias, holder=other, dns_name=leads_to("vpce-2.rcfg-1").dns_name)

    assert records(account, alias.zone_id) == before


def test_a_marker_that_outlived_its_binding_gives_the_name_away(account: Account, alias: Alias) -> None:
    zones = zones_of(account)
    zones.point(alias, leads_to(), holder=holder_of(), may_take_over=never)
    other = holder_of(binding="billing")

    zones.point(alias, leads_to("vpce-2.rcfg-1"), holder=other, may_take_over=lambda of: of == holder_of())

    assert zones.holder(alias) == other


def test_a_name_of_an_earlier_version_is_kept_up_and_gets_its_holder(account: Account, alias: Alias) -> None:
    put(account, alias.zone_id, alias_record(NAME, leads_to().dns_name), record(MARKER, "TXT", mark_of_before()))
    zones = zones_of(account)
    assert zones.holder(alias) == Holder(subject=RESOURCE_ARN)
    assert zones.difference(alias, leads_to(), holder=holder_of(), may_take_over=never) == ""

    zones.point(alias, leads_to(), holder=holder_of(), may_take_over=never)

    assert zones.holder(alias) == holder_of()


@pytest.mark.parametrize(("led_to", "there_after"), [("vpce-1.rcfg-1", 0), ("vpce-2.rcfg-1", 2)])
def test_a_name_of_an_earlier_version_is_removed_where_it_leads_as_the_holder_s_did(
    account: Account, alias: Alias, led_to: str, there_after: int
) -> None:
    put(account, alias.zone_id, alias_record(NAME, leads_to().dns_name), record(MARKER, "TXT", mark_of_before()))

    zones_of(account).remove(alias, holder=holder_of(), dns_name=leads_to(led_to).dns_name)

    assert len(records(account, alias.zone_id)) == there_after


@pytest.mark.parametrize("longest", ["b" * 64])
def test_the_longest_binding_and_subject_fit_into_a_marker(account: Account, alias: Alias, longest: str) -> None:
    zones = zones_of(account)
    holder = holder_of(
        subject=f"arn:aws-us-gov:vpc-lattice:us-gov-west-1:111111111111:resourceconfiguration/{'r' * 60}",
        binding=longest,
    )

    zones.point(alias, leads_to(), holder=holder, may_take_over=never)

    assert zones.holder(alias) == holder
    assert all(len(text) <= 257 for text in there(account, alias.zone_id)[f"{MARKER}.", "TXT"][0].split(' "'))
