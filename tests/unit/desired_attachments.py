"""Desired attachments of every mode, as strategies for properties."""

from __future__ import annotations

from hypothesis import strategies as st

from drawbridge.association import (
    DesiredAttachment,
    Mode,
    NetworkRef,
)
from drawbridge.lattice import PrivateDns, ResourceKind
from tests.builders import SHARED_NETWORK_ARN, VPC_ID, desired

SN, SN_ENDPOINT = Mode.SERVICE_NETWORK, Mode.SERVICE_NETWORK_ENDPOINT


GROUPS = st.sets(st.sampled_from(["sg-1", "sg-2", "sg-3"])).map(frozenset)


DOMAINS = st.sets(st.sampled_from(["a.example", "b.example"]), min_size=1).map(frozenset)


LISTING = {PrivateDns.LISTED, PrivateDns.VERIFIED_AND_LISTED}


SUBNETS = st.sets(st.sampled_from(["subnet-1", "subnet-2", "subnet-3"]), min_size=1).map(frozenset)


ADDRESS_TYPES = st.sampled_from(["", "ipv4", "dualstack"])


@st.composite
def any_desired(draw: st.DrawFn) -> DesiredAttachment:
    mode = draw(st.sampled_from(Mode))
    is_network = mode is not Mode.RESOURCE_ENDPOINT and draw(st.booleans())
    private_dns = draw(st.sampled_from(PrivateDns))
    network = NetworkRef(identifier=SHARED_NETWORK_ARN)
    if not is_network:
        network = NetworkRef(name="shared", create=draw(st.booleans()))
    return desired(
        mode=mode,
        resource_kind=ResourceKind.SERVICE_NETWORK if is_network else ResourceKind.RESOURCE_CONFIGURATION,
        network=None if mode is Mode.RESOURCE_ENDPOINT else network,
        vpc_id="" if mode is SN and draw(st.booleans()) else VPC_ID,
        security_group_ids=tuple(sorted(draw(GROUPS))),
        private_dns=private_dns,
        private_domains=tuple(sorted(draw(DOMAINS))) if private_dns in LISTING else (),
        names_elsewhere=draw(st.booleans()),
        subnet_ids=() if mode is SN else tuple(sorted(draw(SUBNETS))),
        subnets_named=mode is not SN and draw(st.booleans()),
        address_type=draw(ADDRESS_TYPES),
    )
