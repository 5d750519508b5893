"""The steps from the observed to the desired attachment: a comparison, and nothing is done."""

from __future__ import annotations

from itertools import islice
from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.association import (
    DesiredAttachment,
    EndpointPlacement,
    MadeAttachment,
    Mode,
    NetworkRef,
    PrivateDnsOptions,
    VpcAssociationSettings,
)
from drawbridge.association.actions import (
    Action,
    CreateEndpoint,
    CreateResourceAssociation,
    CreateServiceNetwork,
    CreateVpcAssociation,
    DeleteResourceAssociation,
    ModifyEndpointPrivateDns,
    ModifyEndpointSecurityGroups,
    ModifyEndpointSubnets,
    UpdateVpcAssociation,
    assumed,
)
from drawbridge.association.attachment_document import document_of
from drawbridge.association.observed_attachment import (
    Endpoint,
    ObservedAttachment,
    ResourceAssociation,
    ResourceTarget,
    ServiceNetworkVpcAssociation,
    State,
)
from drawbridge.association.steps import Await, Blocked, Step, made_attachment, next_step, steps
from drawbridge.lattice import PrivateDns, ResourceKind
from tests.builders import NETWORK, RESOURCE_ARN, VPC_ID, desired, desired_by_network, otherwise
from tests.unit.desired_attachments import (
    ADDRESS_TYPES,
    DOMAINS,
    GROUPS,
    LISTING,
    SN,
    SN_ENDPOINT,
    SUBNETS,
    any_desired,
)

STATES = st.sampled_from(State)
MOST_STEPS = 6
"""What was in a network taken out and put in, three changes of an endpoint, and waiting."""


@st.composite
def any_observed(draw: st.DrawFn) -> ObservedAttachment:
    private_dns, of_endpoint = draw(st.sampled_from(PrivateDns)), draw(st.sampled_from(PrivateDns))
    failure = draw(st.sampled_from(["", "no capacity"]))
    resource_association = ResourceAssociation(
        id="snra-1", state=draw(STATES), private_dns=draw(st.booleans()), attempt=draw(st.integers(0, 3))
    )
    vpc = ServiceNetworkVpcAssociation(
        id="snva-1",
        state=draw(STATES),
        network_arn=draw(st.sampled_from([NETWORK.arn, "arn:another"])),
        security_group_ids=draw(GROUPS),
        private_dns=private_dns,
        private_domains=draw(DOMAINS) if private_dns in LISTING else frozenset(),
        ours=draw(st.booleans()),
        failure=failure,
    )
    endpoint = Endpoint(
        id="vpce-1",
        state=draw(STATES),
        security_group_ids=draw(GROUPS),
        subnet_ids=draw(SUBNETS),
        address_type=draw(ADDRESS_TYPES),
        private_dns=of_endpoint,
        private_domains=draw(DOMAINS) if of_endpoint in LISTING else frozenset(),
        ours=draw(st.booleans()),
        failure=failure,
    )
    network = draw(st.none() | st.just(NETWORK))
    return ObservedAttachment(
        network=network,
        resource_association=draw(st.none() | st.just(resource_association)) if network else None,
        vpc_association=draw(st.none() | st.just(vpc)),
        endpoint=draw(st.none() | st.just(endpoint)),
    )


ATTEMPTS = st.integers(1, 3)
anything = given(any_desired(), any_observed(), ATTEMPTS)


def acts(found: list[Step]) -> list[Action]:
    return [step for step in found if not isinstance(step, Await | Blocked)]


def after(observed: ObservedAttachment, found: list[Step]) -> ObservedAttachment:
    for step in acts(found):
        observed = assumed(step, observed)
    return observed


@anything
def test_the_steps_end_and_at_most_the_last_is_no_action(
    desired: DesiredAttachment, observed: ObservedAttachment, attempt: int
) -> None:
    found = [*islice(steps(desired, observed, attempt), MOST_STEPS + 1)]

    assert len(found) <= MOST_STEPS
    assert acts(found[:-1]) == found[:-1]


@anything
def test_what_was_done_is_not_done_again(
    desired: DesiredAttachment, observed: ObservedAttachment, attempt: int
) -> None:
    found = [*steps(desired, observed, attempt)]

    again = [*steps(desired, after(observed, found), attempt)]

    assert again == found[len(acts(found)) :]


@anything
def test_nothing_that_is_not_ours_is_changed_or_deleted(
    desired: DesiredAttachment, observed: ObservedAttachment, attempt: int
) -> None:
    for step in steps(desired, observed, attempt):
        match step:
            case UpdateVpcAssociation(association=ServiceNetworkVpcAssociation(id=association_id)):
                assert observed.vpc_association is not None
                assert (observed.vpc_association.id, observed.vpc_association.ours) == (association_id, True)
            case ModifyEndpointSecurityGroups() | ModifyEndpointPrivateDns() | ModifyEndpointSubnets():
                assert observed.endpoint is not None
                assert (observed.endpoint.id, observed.endpoint.ours) == (step.endpoint.id, True)
            case DeleteResourceAssociation(association_id):
                assert observed.resource_association is not None
                assert observed.resource_association.id == association_id
                assert 0 < observed.resource_association.attempt < attempt
                assert observed.resource_association.state is State.FAILED
            case _:
                pass


@anything
def test_nothing_is_made_that_is_there(desired: DesiredAttachment, observed: ObservedAttachment, attempt: int) -> None:
    found = acts([*steps(desired, observed, attempt)])

    there = {
        CreateServiceNetwork: observed.network,
        CreateVpcAssociation: observed.vpc_association,
        CreateEndpoint: observed.endpoint
        if observed.endpoint and observed.endpoint.state is not State.TERMINATED
        else None,
    }
    assert [step for step in found if there.get(type(step)) is not None] == []
    if any(isinstance(step, DeleteResourceAssociation) for step in found):
        return
    assert observed.resource_association is None or not any(
        isinstance(step, CreateResourceAssociation) for step in found
    )


@anything
def test_where_nothing_is_left_to_do_everything_is_usable_as_it_is_desired(
    desired: DesiredAttachment, observed: ObservedAttachment, attempt: int
) -> None:
    found = [*steps(desired, observed, attempt)]
    if acts(found) != found:
        return

    there = after(observed, found)

    document, by_network = document_of(desired), desired.mode is not Mode.RESOURCE_ENDPOINT
    needed: list[ResourceAssociation | ServiceNetworkVpcAssociation | Endpoint | None] = []
    needed += [there.resource_association] if by_network and not desired.resource.is_network else []
    needed += [there.vpc_association] if desired.mode is SN and desired.vpc_id else []
    needed += [there.endpoint] if desired.mode is not SN else []
    assert all(each is not None and each.state.is_usable for each in needed)
    assert not by_network or there.network is not None
    for each in needed:
        if desired.private_dns.preference is not PrivateDns.OFF:
            assert each is not None
            assert each.private_dns not in {False, PrivateDns.OFF}
        if desired.security_group_ids and isinstance(each, ServiceNetworkVpcAssociation | Endpoint):
            assert each.security_group_ids == {*desired.security_group_ids}
        if isinstance(each, ServiceNetworkVpcAssociation | Endpoint) and each.ours and not desired.shares_names:
            assert (each.private_dns, each.private_domains) == (
                document.private_dns,
                frozenset(document.private_domains),
            )
        if isinstance(each, Endpoint) and document.subnets_named:
            assert each.subnet_ids >= {*document.subnet_ids}
            # Somebody else's may be in more.
            assert by_network or not each.ours or each.subnet_ids == {*document.subnet_ids}
        if isinstance(each, Endpoint) and document.address_type:
            assert each.address_type in {"", document.address_type}


@anything
def test_what_one_binding_says_takes_no_private_dns_from_another(
    desired: DesiredAttachment, observed: ObservedAttachment, attempt: int
) -> None:
    desired = otherwise(desired, names_elsewhere=True)
    there = after(observed, [*steps(desired, observed, attempt)]).vpc_association

    if observed.vpc_association is not None and desired.private_dns.preference in {
        PrivateDns.OFF,
        observed.vpc_association.private_dns,
    }:
        assert there is not None
        assert there.private_dns is observed.vpc_association.private_dns
        assert there.private_domains >= observed.vpc_association.private_domains


@anything
def test_whoever_is_blocked_reads_what_to_do(
    desired: DesiredAttachment, observed: ObservedAttachment, attempt: int
) -> None:
    for step in steps(desired, observed, attempt):
        if isinstance(step, Blocked):
            assert WHAT_TO_DO[step.code] in step.why
            assert str(step) == f"stuck: {step.why}"


WHAT_TO_DO = {
    "no-service-network": "create it, or correct its name",
    "association-failed": "see to the cause, then delete it",
    "subnets-fixed": "delete it to have it made anew, or name these subnets",
    "address-type-fixed": "delete it to have it made anew, or set ipAddressType",
    "private-dns-fixed": "delete it to have it made anew, or set privateDns: off",
    "vpc-associated-elsewhere": "use mode service-network-endpoint, or that network",
    "not-ours": "change it, or the binding",
}


def resource_association(state: State = State.AVAILABLE, **changes: Any) -> ResourceAssociation:
    return ResourceAssociation(**({"id": "snra-1", "state": state} | changes))


def vpc(state: State = State.AVAILABLE, **changes: Any) -> ServiceNetworkVpcAssociation:
    fields: dict[str, Any] = {"id": "snva-1", "state": state, "network_arn": NETWORK.arn, "ours": True}
    return ServiceNetworkVpcAssociation(**(fields | changes))


def endpoint(state: State = State.AVAILABLE, **changes: Any) -> Endpoint:
    return Endpoint(**({"id": "vpce-1", "state": state} | changes))


def printed(desired: DesiredAttachment, observed: ObservedAttachment, attempt: int = 1) -> list[str]:
    return [str(step) for step in steps(desired, observed, attempt)]


def test_from_nothing_an_attachment_by_a_network_is_made_whole() -> None:
    by_made = desired_by_network(network=NetworkRef(name="shared", create=True), private_dns=PrivateDns.VERIFIED)

    assert printed(by_made, ObservedAttachment()) == [
        "create service network shared",
        f"associate {RESOURCE_ARN} with service network shared, with private DNS",
        f"associate {VPC_ID} with service network shared, open to the whole VPC: no security groups are named",
    ]


def test_from_nothing_an_endpoint_is_made() -> None:
    assert printed(desired(), ObservedAttachment()) == [
        f"create an endpoint to {RESOURCE_ARN} in {VPC_ID}, subnet-0123456789abcdef0"
    ]


def test_an_endpoint_to_a_network_leads_to_the_network() -> None:
    there = ObservedAttachment(network=NETWORK, resource_association=resource_association())

    assert printed(desired_by_network(SN_ENDPOINT), there) == [
        f"create an endpoint to service network shared in {VPC_ID}, subnet-0123456789abcdef0"
    ]


def test_a_network_that_is_not_there_and_not_to_be_made_is_reported() -> None:
    (blocked,) = steps(desired_by_network(), ObservedAttachment(), 1)

    assert blocked == Blocked(
        "no-service-network",
        "there is no service network shared that this account sees; create it, or correct its name",
    )


def test_a_shared_network_is_put_into_nothing() -> None:
    is_network = desired_by_network(resource_kind=ResourceKind.SERVICE_NETWORK, security_group_ids=("sg-1", "sg-2"))

    assert printed(is_network, ObservedAttachment(network=NETWORK)) == [
        f"associate {VPC_ID} with service network shared, through sg-1, sg-2"
    ]


def test_without_a_vpc_what_is_in_the_network_is_all() -> None:
    assert (
        next_step(
            desired_by_network(vpc_id=""),
            ObservedAttachment(network=NETWORK, resource_association=resource_association()),
            1,
        )
        is None
    )


def test_trap_12_what_is_on_its_way_is_waited_for_and_named() -> None:
    there = ObservedAttachment(
        network=NETWORK, resource_association=resource_association(State.PENDING), vpc_association=vpc(State.PENDING)
    )

    assert [*steps(desired_by_network(), there, 1)] == [Await("snra-1")]


@pytest.mark.parametrize("mode", [SN, SN_ENDPOINT])
def test_trap_12_the_made_attachment_is_read_by_the_mode(mode: Mode) -> None:
    there = ObservedAttachment(
        network=NETWORK,
        resource_association=resource_association(),
        vpc_association=vpc(),
        endpoint=endpoint() if mode is SN_ENDPOINT else None,
    )

    found = made_attachment(there, desired_by_network(mode))

    by_endpoint = mode is SN_ENDPOINT
    assert found == MadeAttachment(
        endpoint_id="vpce-1" if by_endpoint else "",
        network_arn=NETWORK.arn,
        resource_association="snra-1",
        vpc_association="" if by_endpoint else "snva-1",
    )


def test_trap_13_a_network_is_made_so_that_it_cannot_be_shared_on() -> None:
    by_made = desired_by_network(network=NetworkRef(name="shared", create=True))

    there = after(ObservedAttachment(), [*steps(by_made, ObservedAttachment(), 1)])

    assert there.network is not None
    assert not there.network.shareable


@pytest.mark.parametrize("create", [True, False])
def test_trap_14_a_network_that_is_named_by_id_is_never_made(create: bool) -> None:
    ref = NetworkRef(identifier=NETWORK.arn) if not create else NetworkRef(name="shared", create=True)

    found = [*steps(desired_by_network(network=ref), ObservedAttachment(), 1)]

    assert any(isinstance(step, CreateServiceNetwork) for step in found) is create


@pytest.mark.parametrize("mode", [SN, SN_ENDPOINT])
def test_trap_15_what_was_put_in_without_private_dns_never_gets_it(mode: Mode) -> None:
    named = desired_by_network(mode, private_dns=PrivateDns.VERIFIED)
    there = ObservedAttachment(network=NETWORK, resource_association=resource_association(private_dns=False))

    (blocked,) = steps(named, there, 1)

    assert isinstance(blocked, Blocked)
    assert (blocked.code, "snra-1" in blocked.why) == ("private-dns-fixed", True)


A, AB = frozenset({"a.example"}), frozenset({"a.example", "b.example"})
OFF, VERIFIED, LISTED, ALL = PrivateDns.OFF, PrivateDns.VERIFIED, PrivateDns.LISTED, PrivateDns.ALL
CHANGES = [
    (OFF, frozenset(), VERIFIED, frozenset(), "verified"),
    (ALL, frozenset(), VERIFIED, frozenset(), "verified"),
    (ALL, frozenset(), LISTED, A, "listed a.example"),
    (LISTED, AB, LISTED, A, "listed a.example"),
    (LISTED, A, LISTED, AB, "listed a.example b.example"),
    (VERIFIED, frozenset(), OFF, frozenset(), "off"),
    (VERIFIED, frozenset(), ALL, frozenset(), "all"),
]


@pytest.mark.parametrize(("has", "domains", "desired_dns", "listed", "change"), CHANGES)
def test_trap_17_private_dns_that_is_one_binding_s_alone_is_as_that_wants_it_no_wider_and_no_narrower(
    has: PrivateDns, domains: frozenset[str], desired_dns: PrivateDns, listed: frozenset[str], change: str
) -> None:
    named: dict[str, Any] = {"private_dns": desired_dns, "private_domains": tuple(sorted(listed))}
    there = ObservedAttachment(
        network=NETWORK,
        resource_association=resource_association(private_dns=True),
        vpc_association=vpc(private_dns=has, private_domains=domains),
        endpoint=endpoint(private_dns=has, private_domains=domains),
    )
    of_endpoint, of_vpc = f"change the private DNS of vpce-1: {change}", f"change snva-1: private DNS {change}"

    assert printed(desired(**named), there) == [of_endpoint]
    assert printed(desired_by_network(SN_ENDPOINT, names_elsewhere=False, **named), there) == [of_endpoint]
    assert printed(desired_by_network(SN, names_elsewhere=False, **named), there) == [of_vpc]


def test_a_database_by_its_arn_has_private_names_whether_one_asks_for_them_or_not() -> None:
    by_arn = desired(resource_type="ARN")

    assert printed(by_arn, ObservedAttachment(endpoint=endpoint(private_dns=ALL))) == []
    assert made_attachment(ObservedAttachment(endpoint=endpoint(private_dns=ALL)), by_arn).settings == ""


def test_a_change_of_groups_does_not_narrow_the_private_dns_that_another_binding_has() -> None:
    named = desired_by_network(private_dns=VERIFIED, security_group_ids=("sg-1",))
    there = ObservedAttachment(
        network=NETWORK,
        resource_association=resource_association(private_dns=True),
        vpc_association=vpc(private_dns=ALL),
    )

    assert after(there, [*steps(named, there, 1)]).vpc_association == vpc(
        private_dns=ALL, security_group_ids=frozenset({"sg-1"})
    )


def test_subnets_that_a_binding_names_are_added_to_an_endpoint_to_a_network() -> None:
    named = desired_by_network(SN_ENDPOINT, subnet_ids=("subnet-1", "subnet-2"), subnets_named=True)
    there = ObservedAttachment(
        network=NETWORK,
        resource_association=resource_association(),
        endpoint=endpoint(subnet_ids=frozenset({"subnet-1"})),
    )

    assert printed(named, there) == ["change the subnets of vpce-1: add subnet-2"]
    more = msgspec.structs.replace(there, endpoint=endpoint(subnet_ids=frozenset({"subnet-1", "subnet-2", "subnet-3"})))
    assert printed(named, more) == []
    chosen = otherwise(named, subnets_named=False)
    assert printed(chosen, there) == []


@pytest.mark.parametrize("has", [{"subnet-1"}, {"subnet-1", "subnet-2", "subnet-3"}, {"subnet-3"}])
def test_subnets_of_an_endpoint_to_a_resource_are_reported_and_nothing_is_done(has: set[str]) -> None:
    named = desired(subnet_ids=("subnet-1", "subnet-2"), subnets_named=True)

    (blocked,) = steps(named, ObservedAttachment(endpoint=endpoint(subnet_ids=frozenset(has))), 1)

    assert isinstance(blocked, Blocked)
    assert blocked.code == "subnets-fixed"
    assert f"vpce-1 is in {', '.join(sorted(has))}" in blocked.why


def test_another_type_of_addresses_is_reported_and_nothing_is_done() -> None:
    (blocked,) = steps(desired(address_type="dualstack"), ObservedAttachment(endpoint=endpoint(address_type="ipv4")), 1)

    assert isinstance(blocked, Blocked)
    assert (blocked.code, "type ipv4" in blocked.why) == ("address-type-fixed", True)


@pytest.mark.parametrize("mode", [SN, SN_ENDPOINT])
def test_what_is_shared_with_another_binding_is_not_compared_to_find_drift(mode: Mode) -> None:
    there = ObservedAttachment(
        network=NETWORK, resource_association=resource_association(), vpc_association=vpc(), endpoint=endpoint()
    )

    alone = made_attachment(there, desired_by_network(mode, names_elsewhere=False))

    assert alone.settings != ""
    assert made_attachment(there, desired_by_network(mode)).settings == ""
    for changed in (
        ObservedAttachment(network=NETWORK, vpc_association=vpc(private_dns=ALL), endpoint=endpoint(private_dns=ALL)),
        ObservedAttachment(network=NETWORK, vpc_association=vpc(ours=False), endpoint=endpoint(ours=False)),
    ):
        assert made_attachment(changed, desired_by_network(mode, names_elsewhere=False)).settings != alone.settings


def test_trap_15_the_vpc_s_side_is_changed_to_private_dns_where_the_other_has_it() -> None:
    named = desired_by_network(private_dns=PrivateDns.VERIFIED)
    there = ObservedAttachment(
        network=NETWORK, resource_association=resource_association(private_dns=True), vpc_association=vpc()
    )

    assert printed(named, there) == ["change snva-1: private DNS verified"]


@pytest.mark.parametrize(
    ("has", "domains", "desired_dns", "listed", "changed"),
    [
        (PrivateDns.ALL, (), PrivateDns.LISTED, ("a.example",), False),
        (PrivateDns.LISTED, ("a.example", "b.example"), PrivateDns.LISTED, ("a.example",), False),
        (PrivateDns.LISTED, ("a.example",), PrivateDns.LISTED, ("b.example",), True),
        (PrivateDns.VERIFIED, (), PrivateDns.ALL, (), True),
        (PrivateDns.VERIFIED, (), PrivateDns.OFF, (), False),
    ],
)
def test_trap_17_the_vpc_s_private_dns_is_widened_only_where_it_is_too_narrow(
    has: PrivateDns, domains: tuple[str, ...], desired_dns: PrivateDns, listed: tuple[str, ...], changed: bool
) -> None:
    named = desired_by_network(private_dns=desired_dns, private_domains=listed)
    association = vpc(private_dns=has, private_domains=frozenset(domains))
    there = ObservedAttachment(
        network=NETWORK, resource_association=resource_association(private_dns=True), vpc_association=association
    )

    assert bool(printed(named, there)) is changed


def test_trap_16_what_is_usable_in_part_is_no_failure() -> None:
    there = ObservedAttachment(
        network=NETWORK, resource_association=resource_association(State.PARTIAL), vpc_association=vpc()
    )

    assert next_step(desired_by_network(), there, 1) is None
    assert next_step(desired(), ObservedAttachment(endpoint=endpoint(State.PARTIAL)), 1) is None


@pytest.mark.parametrize(
    ("made_by", "attempt", "retried"), [(1, 2, True), (1, 1, False), (2, 1, False), (0, 1, False), (0, 9, False)]
)
def test_trap_16_what_failed_in_an_earlier_attempt_is_deleted_before_it_is_made_anew(
    made_by: int, attempt: int, retried: bool
) -> None:
    there = ObservedAttachment(
        network=NETWORK, resource_association=resource_association(State.FAILED, attempt=made_by, failure="NO_ADDRESS")
    )

    first = next_step(desired_by_network(vpc_id=""), there, attempt)

    assert first == (
        DeleteResourceAssociation("snra-1", "NO_ADDRESS")
        if retried
        else Blocked("association-failed", "snra-1 failed: NO_ADDRESS; see to the cause, then delete it")
    )
    if retried:
        assert printed(desired_by_network(vpc_id=""), there, attempt) == [
            "delete snra-1, which failed: NO_ADDRESS",
            f"associate {RESOURCE_ARN} with service network shared",
        ]


@pytest.mark.parametrize(
    "found", [ObservedAttachment(endpoint=endpoint(State.FAILED)), ObservedAttachment(network=NETWORK)]
)
def test_a_failure_that_aws_says_nothing_about_is_reported_all_the_same(found: ObservedAttachment) -> None:
    by = desired()
    if found.network is not None:
        found = msgspec.structs.replace(
            found, resource_association=resource_association(), vpc_association=vpc(State.FAILED)
        )
        by = desired_by_network()

    (text,) = printed(by, found)

    assert "failed: AWS gives no reason" in text


def test_trap_19_an_endpoint_that_is_over_is_made_anew() -> None:
    (made,) = steps(desired(), ObservedAttachment(endpoint=endpoint(State.TERMINATED)), 1)

    assert isinstance(made, CreateEndpoint)


def test_a_vpc_that_is_with_another_network_is_left_with_it() -> None:
    there = ObservedAttachment(
        network=NETWORK, resource_association=resource_association(), vpc_association=vpc(network_arn="arn:another")
    )

    (blocked,) = steps(desired_by_network(), there, 1)

    assert isinstance(blocked, Blocked)
    assert (blocked.code, "arn:another" in blocked.why) == ("vpc-associated-elsewhere", True)


@pytest.mark.parametrize(
    ("changes", "lacking"),
    [
        ({"security_group_ids": ("sg-2", "sg-1")}, "security groups sg-1, sg-2"),
        ({"private_dns": PrivateDns.VERIFIED}, "private DNS"),
    ],
)
@pytest.mark.parametrize("mode", [SN, SN_ENDPOINT])
def test_what_others_made_is_never_changed_but_reported(mode: Mode, changes: dict[str, Any], lacking: str) -> None:
    there = ObservedAttachment(
        network=NETWORK,
        resource_association=resource_association(private_dns=True),
        vpc_association=vpc(ours=False),
        endpoint=endpoint(ours=False) if mode is SN_ENDPOINT else None,
    )

    (blocked,) = steps(desired_by_network(mode, **changes), there, 1)

    assert isinstance(blocked, Blocked)
    assert blocked.code == "not-ours"
    assert lacking in blocked.why


@pytest.mark.parametrize(
    ("has", "named", "change"),
    [
        ({"sg-1"}, ("sg-2",), "change the security groups of vpce-1: add sg-2; remove sg-1"),
        ({"sg-1"}, ("sg-1", "sg-2"), "change the security groups of vpce-1: add sg-2"),
        ({"sg-1", "sg-2"}, ("sg-1",), "change the security groups of vpce-1: remove sg-2"),
    ],
)
def test_an_endpoint_s_security_groups_follow_the_binding(has: set[str], named: tuple[str, ...], change: str) -> None:
    there = ObservedAttachment(endpoint=endpoint(security_group_ids=frozenset(has)))

    assert printed(desired(security_group_ids=named), there) == [change]


def test_every_action_can_be_printed() -> None:
    settings = VpcAssociationSettings((), PrivateDnsOptions(PrivateDns.ALL))
    examples: list[Action] = [
        CreateServiceNetwork("shared", 1),
        CreateResourceAssociation(NETWORK, desired().resource, private_dns=False, attempt=1),
        DeleteResourceAssociation("snra-1", ""),
        CreateVpcAssociation(NETWORK, VPC_ID, settings, 1),
        UpdateVpcAssociation(vpc(), "private DNS all", settings),
        CreateEndpoint(
            target=ResourceTarget("orders", RESOURCE_ARN),
            placement=EndpointPlacement(vpc_id=VPC_ID, subnet_ids=("subnet-1",), subnets_named=False, address_type=""),
            security_group_ids=(),
            private_dns=settings.private_dns,
            attachment=desired().name,
            attempt=1,
        ),
        ModifyEndpointSecurityGroups(endpoint(), frozenset({"sg-1"}), frozenset()),
        ModifyEndpointPrivateDns(endpoint(), PrivateDns.OFF, frozenset()),
        ModifyEndpointSubnets(endpoint(), frozenset({"subnet-1"})),
    ]

    assert {type(each) for each in examples} == {*get_args(Action)}
    assert all(str(each) and "\n" not in str(each) for each in examples)
