"""Pre-flight: what would keep AWS from making something, found before anything is made."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.association import DesiredAttachment, Mode, NetworkRef
from drawbridge.association.observed_attachment import (
    Endpoint,
    ObservedAttachment,
    ResourceAssociation,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.association.preflight import Preflight
from drawbridge.association.quotas import DEFAULTS
from drawbridge.association.subnets import Subnet
from drawbridge.lattice import PrivateDns, ResourceKind
from drawbridge.status import Reason
from tests.builders import NETWORK, RESOURCE_ARN, SERVICE_ARN, VPC_ID, desired, desired_by_network, otherwise
from tests.fakes.attachments import InMemoryAttachments

SN, SN_ENDPOINT = Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT
OTHER_VPC = "vpc-99999999"
GROUP, OTHER_GROUP = "sg-11111111", "sg-22222222"


@pytest.fixture
def aws() -> InMemoryAttachments:
    aws = InMemoryAttachments()
    aws.networks.append(NETWORK)
    aws.group_vpcs = {GROUP: VPC_ID, OTHER_GROUP: VPC_ID, "sg-elsewhere": OTHER_VPC}
    aws.subnet_vpcs["subnet-elsewhere"] = OTHER_VPC
    return aws


def preflight(aws: InMemoryAttachments, **quotas: int) -> Preflight:
    raised = {name.replace("_", "-"): limit for name, limit in quotas.items()}
    return Preflight(aws, aws, aws, prefix="drawbridge", quotas=raised)


def blockers(aws: InMemoryAttachments, *desired: DesiredAttachment, by: Preflight | None = None) -> list[Reason | None]:
    """Return the blocker of each, one after the other, as a plan does."""
    shared = by or preflight(aws)
    return [shared.blocker(each, aws.reconciler.observe(each)) for each in desired]


def codes(reasons: list[Reason | None]) -> list[str]:
    return [reason.code if reason else "" for reason in reasons]


@pytest.mark.parametrize(
    "possible",
    [
        desired(security_group_ids=(GROUP,), private_dns=PrivateDns.ALL),
        desired_by_network(security_group_ids=(GROUP,), private_dns=PrivateDns.VERIFIED),
        desired_by_network(SN_ENDPOINT),
        desired_by_network(vpc_id="", private_dns=PrivateDns.VERIFIED),
        desired_by_network(network=NetworkRef(name="new", create=True)),
    ],
)
def test_what_nothing_hinders_has_no_blocker(aws: InMemoryAttachments, possible: DesiredAttachment) -> None:
    assert blockers(aws, possible, possible) == [None, None]
    assert aws.changes == []


HINDRANCES: list[tuple[DesiredAttachment, str, str]] = [
    (desired(security_group_ids=("sg-none",)), "no-security-group", "sg-none; correct the binding"),
    (
        desired(security_group_ids=(GROUP, "sg-elsewhere")),
        "wrong-security-group",
        f"sg-elsewhere is of {OTHER_VPC}, not of {VPC_ID}; name one of that VPC",
    ),
    (desired(subnet_ids=("subnet-none",)), "no-subnet", "subnet-none; correct the binding"),
    (
        desired(subnet_ids=("subnet-elsewhere",)),
        "no-subnet",
        f"subnet-elsewhere is of {OTHER_VPC}, not of {VPC_ID}; name one of that VPC",
    ),
    (desired_by_network(network=NetworkRef(name="none")), "no-service-network", "create it, or correct its name"),
]


@pytest.mark.parametrize(("impossible", "code", "what_to_do"), HINDRANCES)
def test_what_hinders_is_reported_with_what_to_do(
    aws: InMemoryAttachments, impossible: DesiredAttachment, code: str, what_to_do: str
) -> None:
    (reason,) = blockers(aws, impossible)

    assert reason is not None
    assert (reason.code, reason.source) == (code, "orders")
    assert reason.text.startswith("orders-db: ")
    assert what_to_do in reason.text


@pytest.mark.parametrize("by", [desired, desired_by_network])
def test_trap_15_private_dns_needs_a_vpc_with_dns(aws: InMemoryAttachments, by: Any) -> None:
    aws.without_dns.add(VPC_ID)

    named, plain = blockers(aws, by(private_dns=PrivateDns.VERIFIED), by())

    assert named is not None
    assert named.code == "vpc-without-dns"
    assert "turn them on, or set privateDns: off" in named.text
    assert plain is None


@pytest.mark.parametrize(
    ("changes", "there", "code"),
    [
        (
            {},
            {
                "vpc_association": ServiceNetworkVpcAssociation(
                    id="snva-1", state=State.AVAILABLE, network_arn="arn:another"
                )
            },
            "vpc-associated-elsewhere",
        ),
        (
            {"security_group_ids": (GROUP,)},
            {
                "vpc_association": ServiceNetworkVpcAssociation(
                    id="snva-1", state=State.AVAILABLE, network_arn=NETWORK.arn
                )
            },
            "not-ours",
        ),
        (
            {"private_dns": PrivateDns.VERIFIED},
            {"resource_association": ResourceAssociation(id="snra-1", state=State.AVAILABLE)},
            "private-dns-fixed",
        ),
    ],
)
def test_where_the_steps_would_be_blocked_that_is_found_before(
    aws: InMemoryAttachments, changes: dict[str, Any], there: dict[str, Any], code: str
) -> None:
    observed = msgspec.structs.replace(ObservedAttachment(network=NETWORK), **there)

    reason = preflight(aws).blocker(desired_by_network(**changes), observed)

    assert reason is not None
    assert reason.code == code


@pytest.mark.parametrize(
    "observed",
    [
        ObservedAttachment(
            network=NETWORK, resource_association=ResourceAssociation(id="snra-1", state=State.FAILED, attempt=1)
        ),
        ObservedAttachment(
            network=NETWORK,
            vpc_association=ServiceNetworkVpcAssociation(id="snva-1", state=State.FAILED, network_arn=NETWORK.arn),
        ),
    ],
)
def test_trap_16_what_failed_before_is_left_to_the_attempt_to_judge(
    aws: InMemoryAttachments, observed: ObservedAttachment
) -> None:
    assert preflight(aws).blocker(desired_by_network(), observed) is None


def test_trap_16_a_failed_endpoint_is_left_to_the_attempt_to_judge(aws: InMemoryAttachments) -> None:
    observed = ObservedAttachment(endpoint=Endpoint(id="vpce-1", state=State.FAILED))

    assert preflight(aws).blocker(desired(), observed) is None


def several(mode: Mode, count: int) -> list[DesiredAttachment]:
    """Return attachments to resources or, by endpoints to networks, to networks; each counts for the quota."""
    match mode:
        case Mode.RESOURCE_ENDPOINT:
            return [desired(resource_arn=f"{RESOURCE_ARN}{number}") for number in range(count)]
        case Mode.SERVICE_NETWORK:
            return [desired_by_network(resource_arn=f"{RESOURCE_ARN}{number}", vpc_id="") for number in range(count)]
        case Mode.SERVICE_NETWORK_ENDPOINT:
            refs = [NetworkRef(name=f"net-{number}", create=True) for number in range(count)]
            return [desired_by_network(mode, network=ref) for ref in refs]


QUOTAS = {
    Mode.RESOURCE_ENDPOINT: ("resource-endpoints-per-vpc", VPC_ID),
    Mode.SERVICE_NETWORK: ("resource-configurations-per-service-network", NETWORK.arn),
    Mode.SERVICE_NETWORK_ENDPOINT: ("service-network-endpoints-per-vpc", VPC_ID),
}
every_mode = pytest.mark.parametrize("mode", Mode)


@every_mode
def test_trap_18_a_quota_counts_what_is_there_and_what_is_planned_before(aws: InMemoryAttachments, mode: Mode) -> None:
    quota, place = QUOTAS[mode]
    limit = DEFAULTS[quota]
    aws.there = limit - 2

    first, second, third = blockers(aws, *several(mode, 3))

    assert (first, second) == (None, None)
    assert third is not None
    assert third.code == "quota-reached"
    assert f"{place} has {limit} of the {limit} that the quota {quota} allows" in third.text
    assert f"write the new limit into /drawbridge/config/quotas/{quota}, or delete what is not needed" in third.text


@every_mode
def test_trap_18_a_quota_that_was_raised_counts(aws: InMemoryAttachments, mode: Mode) -> None:
    quota, _ = QUOTAS[mode]
    aws.there = DEFAULTS[quota]
    raised = preflight(aws, **{quota.replace("-", "_"): DEFAULTS[quota] + 1})

    assert codes(blockers(aws, *several(mode, 2), by=raised)) == ["", "quota-reached"]


@every_mode
def test_what_is_planned_twice_is_counted_once(aws: InMemoryAttachments, mode: Mode) -> None:
    quota, _ = QUOTAS[mode]
    (one,) = several(mode, 1)
    aws.there = DEFAULTS[quota] - 1

    assert blockers(aws, one, one, one) == [None, None, None]


def test_the_vpcs_of_a_network_are_counted(aws: InMemoryAttachments) -> None:
    aws.there = DEFAULTS["vpcs-per-service-network"]
    aws.resources[NETWORK.arn, RESOURCE_ARN] = ResourceAssociation(id="snra-1", state=State.AVAILABLE)

    (reason,) = blockers(aws, desired_by_network())

    assert reason is not None
    assert "vpcs-per-service-network" in reason.text


def test_two_resources_through_one_network_s_endpoint_need_one_endpoint(aws: InMemoryAttachments) -> None:
    aws.there = DEFAULTS["service-network-endpoints-per-vpc"] - 1
    two = [desired_by_network(SN_ENDPOINT, resource_arn=f"{RESOURCE_ARN}{number}") for number in range(2)]

    assert blockers(aws, *two) == [None, None]


def test_services_are_no_resource_configurations(aws: InMemoryAttachments) -> None:
    aws.there = DEFAULTS["resource-configurations-per-service-network"]
    service = desired_by_network(resource_kind=ResourceKind.SERVICE, resource_arn=SERVICE_ARN, vpc_id="")

    assert blockers(aws, service) == [None]


@every_mode
def test_what_is_there_needs_no_room(aws: InMemoryAttachments, mode: Mode) -> None:
    aws.there = 1_000
    aws.resources[NETWORK.arn, RESOURCE_ARN] = ResourceAssociation(id="snra-1", state=State.AVAILABLE)
    aws.vpcs[VPC_ID] = ServiceNetworkVpcAssociation(id="snva-1", state=State.AVAILABLE, network_arn=NETWORK.arn)
    one = desired() if mode is Mode.RESOURCE_ENDPOINT else desired_by_network(mode)
    if mode is not Mode.SERVICE_NETWORK:
        aws.have_endpoint(one, Endpoint(id="vpce-1", state=State.AVAILABLE), NETWORK)

    assert blockers(aws, one) == [None]


def test_what_is_refused_takes_no_room_from_what_comes_after(aws: InMemoryAttachments) -> None:
    aws.there = DEFAULTS["resource-endpoints-per-vpc"] - 1
    refused, possible = several(Mode.RESOURCE_ENDPOINT, 2)
    no_such_group = otherwise(refused, security_group_ids=("sg-none",))

    assert codes(blockers(aws, no_such_group, possible)) == ["no-security-group", ""]


def test_a_private_name_is_had_by_one_attachment_only(aws: InMemoryAttachments) -> None:
    attachments = [
        desired(private_dns=PrivateDns.VERIFIED),
        desired_by_network(binding="other", private_dns=PrivateDns.VERIFIED),
        desired(binding="third", private_dns=PrivateDns.VERIFIED),
        desired(binding="plain"),
        desired(
            binding="elsewhere", private_dns=PrivateDns.VERIFIED, vpc_id=OTHER_VPC, subnet_ids=("subnet-elsewhere",)
        ),
    ]

    reasons = blockers(aws, *attachments)

    assert codes(reasons) == ["", "private-dns-twice", "private-dns-twice", "", ""]
    assert reasons[1] is not None
    assert f"binding orders has its private name in {VPC_ID}" in reasons[1].text
    assert "set privateDns: off in one of the two" in reasons[1].text


def test_bindings_that_share_an_attachment_share_its_private_name(aws: InMemoryAttachments) -> None:
    attachments = [desired_by_network(binding=name, private_dns=PrivateDns.VERIFIED) for name in ("one", "two")]

    assert blockers(aws, *attachments) == [None, None]


def test_a_private_name_that_is_refused_is_free_for_another(aws: InMemoryAttachments) -> None:
    no_network = desired_by_network(network=NetworkRef(name="none"), private_dns=PrivateDns.VERIFIED)

    assert codes(blockers(aws, no_network, desired(private_dns=PrivateDns.VERIFIED))) == ["no-service-network", ""]


@pytest.mark.parametrize("mode", [SN, SN_ENDPOINT])
@pytest.mark.parametrize("ref", [NetworkRef(name="shared"), NetworkRef(identifier=NETWORK.arn)])
def test_bindings_that_share_an_attachment_name_the_same_security_groups(
    aws: InMemoryAttachments, mode: Mode, ref: NetworkRef
) -> None:
    attachments = [
        desired_by_network(mode, binding=name, network=named, security_group_ids=groups)
        for name, named, groups in (
            ("one", NetworkRef(name="shared"), (GROUP, OTHER_GROUP)),
            ("same", ref, (OTHER_GROUP, GROUP)),
            ("none", ref, ()),
            ("other", ref, (GROUP,)),
        )
    ]

    reasons = blockers(aws, *attachments)

    assert codes(reasons) == ["", "", "", "security-groups-differ"]
    assert reasons[3] is not None
    assert "binding one names other security groups" in reasons[3].text
    assert "name the same in both" in reasons[3].text


def test_security_groups_of_what_is_not_shared_may_differ(aws: InMemoryAttachments) -> None:
    aws.group_vpcs["sg-elsewhere"] = OTHER_VPC
    attachments = [
        desired(binding="one", security_group_ids=(GROUP,)),
        desired(binding="two", security_group_ids=(OTHER_GROUP,)),
        desired_by_network(binding="three", security_group_ids=(GROUP,)),
        desired_by_network(SN_ENDPOINT, binding="four", security_group_ids=(OTHER_GROUP,)),
        desired_by_network(binding="five", vpc_id=OTHER_VPC, security_group_ids=("sg-elsewhere",)),
    ]

    assert blockers(aws, *attachments) == [None] * 5


def test_bindings_that_share_an_attachment_want_the_same_private_dns_or_none(aws: InMemoryAttachments) -> None:
    attachments = [
        desired_by_network(binding=name, resource_arn=f"{RESOURCE_ARN}-{name}", private_dns=private_dns)
        for name, private_dns in (
            ("one", PrivateDns.VERIFIED),
            ("same", PrivateDns.VERIFIED),
            ("none", PrivateDns.OFF),
            ("other", PrivateDns.ALL),
        )
    ]

    reasons = blockers(aws, *attachments)

    assert codes(reasons) == ["", "", "", "private-dns-differs"]
    assert reasons[3] is not None
    assert "binding one wants private DNS verified" in reasons[3].text
    assert "write the same in both" in reasons[3].text


@pytest.mark.parametrize("mode", [Mode.RESOURCE_ENDPOINT, Mode.SERVICE_NETWORK_ENDPOINT])
@pytest.mark.parametrize(
    ("place", "why"),
    [
        ({"zone_type": "local-zone", "zone": "us-east-1-bos-1a"}, "is in us-east-1-bos-1a, a local-zone"),
        ({"zone_type": "wavelength-zone"}, "a wavelength-zone"),
        ({"zone_type": ""}, "a zone that AWS does not list"),
        ({"on_outpost": True}, "is on an Outpost"),
        ({"zone_id": "use1-az3"}, "takes no such endpoint"),
        ({"address_types": frozenset({"ipv6"})}, "for addresses of type ipv6, not ipv4"),
        ({"free": 0}, "has 0 free addresses"),
    ],
)
def test_a_subnet_that_a_binding_names_and_that_can_t_hold_the_endpoint_is_reported_by_name(
    aws: InMemoryAttachments, place: dict[str, Any], why: str, mode: Mode
) -> None:
    aws.subnets["subnet-0b"] = Subnet(**({"id": "subnet-0b", "vpc_id": VPC_ID, "zone": "b"} | place))
    named = desired(subnet_ids=("subnet-0a", "subnet-0b"), subnets_named=True)
    if mode is Mode.SERVICE_NETWORK_ENDPOINT:
        named = desired_by_network(mode, subnet_ids=("subnet-0a", "subnet-0b"), subnets_named=True)

    (reason,) = blockers(aws, named)

    assert reason is not None
    assert reason.code == "subnet-unsuitable"
    assert "subnet-0b" in reason.text
    assert why in reason.text


def test_a_subnet_that_is_full_by_now_holds_the_endpoint_that_is_there(aws: InMemoryAttachments) -> None:
    aws.subnets["subnet-0a"] = Subnet(id="subnet-0a", vpc_id=VPC_ID, zone="a", free=0)
    named = desired(subnet_ids=("subnet-0a",), subnets_named=True)
    aws.have_endpoint(named, Endpoint(id="vpce-1", state=State.AVAILABLE, subnet_ids=frozenset({"subnet-0a"})))

    assert codes(blockers(aws, named, desired(subnet_ids=()))) == ["", ""]


def test_where_no_subnet_has_addresses_of_the_type_that_is_reported(aws: InMemoryAttachments) -> None:
    (reason,) = blockers(aws, desired(subnet_ids=(), address_type="ipv6"))

    assert reason is not None
    assert (reason.code, "for addresses of type ipv6" in reason.text) == ("no-subnet", True)
