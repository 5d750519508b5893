"""The plan as programs read it: the words and fields of every version, for each mode and each step."""

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
from drawbridge.association.steps import steps
from drawbridge.lattice import PrivateDns
from drawbridge_cli.plan_screen import association_document
from drawbridge_cli.share_plans import AssociationPlan
from tests.builders import NETWORK, NETWORK_ARN, PROVIDER, RESOURCE_ARN, SHARE_ARN, VPC_ID, desired, desired_by_network

MADE = NetworkRef(name="shared", create=True)
LISTED: dict[str, Any] = {"private_dns": PrivateDns.LISTED, "private_domains": ("b.example", "a.example")}
PLACED: dict[str, Any] = {"security_group_ids": ("sg-b", "sg-a"), "subnet_ids": ("subnet-b", "subnet-a"), **LISTED}
ALIAS = {"alias": "{resource}.corp.example", "alias_zone": "Z0", "alias_zone_name": "corp.example"}
MINIMAL = {
    "binding": "orders",
    "resourceName": "orders-db",
    "resourceArn": RESOURCE_ARN,
    "resourceKind": "resource-configuration",
    "resourceType": "SINGLE",
    "shareArn": SHARE_ARN,
    "provider": PROVIDER,
    "protocol": "TCP",
    "portRanges": ["5432"],
    "mode": "resource-endpoint",
    "network": None,
    "vpcId": VPC_ID,
    "subnetIds": ["subnet-0123456789abcdef0"],
    "subnetsNamed": False,
    "addressType": "",
    "securityGroupIds": [],
    "privateDns": "off",
    "privateDomains": [],
    "namesElsewhere": False,
    "perVpc": False,
    "alias": "",
    "aliasZone": "",
    "aliasZoneName": "",
    "aliasReserved": False,
}
FULL = {
    "subnetIds": ["subnet-b", "subnet-a"],
    "subnetsNamed": True,
    "addressType": "ipv4",
    "securityGroupIds": ["sg-b", "sg-a"],
    "privateDns": "listed",
    "privateDomains": ["b.example", "a.example"],
    "perVpc": True,
    "alias": "{resource}.corp.example",
    "aliasZone": "Z0",
    "aliasZoneName": "corp.example",
    "aliasReserved": True,
}
BY_NETWORK = {
    "mode": "service-network",
    "network": {"identifier": "", "name": "shared", "create": True},
    "subnetIds": [],
    "namesElsewhere": True,
}


def document(desired: DesiredAttachment, observed: ObservedAttachment, attempt: int = 1) -> Any:
    association = AssociationPlan(desired=desired, permitted_by=(), steps=tuple(steps(desired, observed, attempt)))
    return msgspec.json.decode(msgspec.json.encode(association_document(association)))


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (desired(names_elsewhere=False), {}),
        (
            desired(
                **PLACED,
                **ALIAS,
                alias_reserved=True,
                per_vpc=True,
                names_elsewhere=False,
                subnets_named=True,
                address_type="ipv4",
            ),
            FULL,
        ),
        (desired_by_network(network=MADE), BY_NETWORK),
        (
            desired_by_network(network=MADE, vpc_id="", names_elsewhere=False),
            BY_NETWORK | {"vpcId": "", "namesElsewhere": False},
        ),
        (
            desired_by_network(network=MADE, security_group_ids=("sg-b", "sg-a"), **LISTED),
            BY_NETWORK | {key: FULL[key] for key in ("securityGroupIds", "privateDns", "privateDomains")},
        ),
        (
            desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT, network=NetworkRef(identifier=NETWORK_ARN)),
            {
                "mode": "service-network-endpoint",
                "network": {"identifier": NETWORK_ARN, "name": "", "create": False},
                "namesElsewhere": True,
            },
        ),
    ],
)
def test_what_is_desired_is_written_with_every_field_whatever_the_mode(
    what: DesiredAttachment, expected: dict[str, object]
) -> None:
    written = document(what, ObservedAttachment())

    assert written["wanted"] == MINIMAL | expected
    assert [*written["wanted"]] == [*MINIMAL]


AVAILABLE = State.AVAILABLE
IN_NETWORK = ResourceAssociation(id="snra-1", state=AVAILABLE, private_dns=True)
VPC = ServiceNetworkVpcAssociation(id="snva-1", state=AVAILABLE, network_arn=NETWORK.arn, ours=True)


@pytest.mark.parametrize(
    ("what", "observed", "expected"),
    [
        (
            desired_by_network(network=MADE, security_group_ids=("sg-b", "sg-a"), **LISTED),
            ObservedAttachment(),
            [
                {"do": "create service network shared", "type": "CreateNetwork", "name": "shared"},
                {
                    "do": f"associate {RESOURCE_ARN} with service network shared, with private DNS",
                    "type": "PutInNetwork",
                    "network": "shared",
                    "resource": RESOURCE_ARN,
                    "private_dns": True,
                },
                {
                    "do": f"associate {VPC_ID} with service network shared, through sg-b, sg-a",
                    "type": "AssociateVpc",
                    "network": "shared",
                    "vpc_id": VPC_ID,
                    "security_group_ids": ["sg-b", "sg-a"],
                },
            ],
        ),
        (
            desired(**PLACED, address_type="ipv4"),
            ObservedAttachment(),
            [
                {
                    "do": f"create an endpoint to {RESOURCE_ARN} in {VPC_ID}, subnet-b, subnet-a, ipv4",
                    "type": "CreateEndpoint",
                    "target": RESOURCE_ARN,
                    "vpc_id": VPC_ID,
                    "subnet_ids": ["subnet-b", "subnet-a"],
                    "address_type": "ipv4",
                }
            ],
        ),
        (
            desired_by_network(Mode.SERVICE_NETWORK_ENDPOINT),
            ObservedAttachment(network=NETWORK, resource_association=IN_NETWORK),
            [
                {
                    "do": f"create an endpoint to service network shared in {VPC_ID}, subnet-0123456789abcdef0",
                    "type": "CreateEndpoint",
                    "target": "service network shared",
                    "vpc_id": VPC_ID,
                    "subnet_ids": ["subnet-0123456789abcdef0"],
                    "address_type": "",
                }
            ],
        ),
        (
            desired_by_network(vpc_id=""),
            ObservedAttachment(
                network=NETWORK,
                resource_association=ResourceAssociation(id="snra-1", state=State.FAILED, attempt=1, failure="X"),
            ),
            [
                {
                    "do": "delete snra-1, which failed: X",
                    "type": "TakeOutOfNetwork",
                    "association_id": "snra-1",
                    "failure": "X",
                },
                {
                    "do": f"associate {RESOURCE_ARN} with service network shared",
                    "type": "PutInNetwork",
                    "network": "shared",
                    "resource": RESOURCE_ARN,
                    "private_dns": False,
                },
            ],
        ),
        (
            desired_by_network(security_group_ids=("sg-b", "sg-a"), **LISTED),
            ObservedAttachment(network=NETWORK, resource_association=IN_NETWORK, vpc_association=VPC),
            [
                {
                    "do": "change snva-1: security groups sg-a, sg-b; private DNS listed a.example b.example",
                    "type": "ChangeVpcAssociation",
                    "association_id": "snva-1",
                    "why": "security groups sg-a, sg-b; private DNS listed a.example b.example",
                }
            ],
        ),
        (
            desired_by_network(
                Mode.SERVICE_NETWORK_ENDPOINT,
                security_group_ids=("sg-a",),
                subnet_ids=("subnet-a",),
                subnets_named=True,
                private_dns=PrivateDns.LISTED,
                private_domains=("a.example",),
            ),
            ObservedAttachment(
                network=NETWORK, resource_association=IN_NETWORK, endpoint=Endpoint(id="vpce-1", state=AVAILABLE)
            ),
            [
                {
                    "do": "change the security groups of vpce-1: add sg-a",
                    "type": "ChangeSecurityGroups",
                    "endpoint_id": "vpce-1",
                    "add": ["sg-a"],
                    "remove": [],
                },
                {
                    "do": "change the private DNS of vpce-1: listed a.example",
                    "type": "ChangePrivateDns",
                    "endpoint_id": "vpce-1",
                    "private_dns": "listed",
                    "domains": ["a.example"],
                },
                {
                    "do": "change the subnets of vpce-1: add subnet-a",
                    "type": "AddSubnets",
                    "endpoint_id": "vpce-1",
                    "subnet_ids": ["subnet-a"],
                },
            ],
        ),
        (
            desired(),
            ObservedAttachment(endpoint=Endpoint(id="vpce-1", state=State.PENDING)),
            [{"do": "wait until vpce-1 is usable", "type": "Await", "what": "vpce-1"}],
        ),
        (
            desired(),
            ObservedAttachment(endpoint=Endpoint(id="vpce-1", state=State.FAILED)),
            [
                {
                    "do": "stuck: vpce-1 failed: AWS gives no reason; see to the cause, then delete it",
                    "type": "Stuck",
                    "code": "association-failed",
                    "why": "vpce-1 failed: AWS gives no reason; see to the cause, then delete it",
                }
            ],
        ),
    ],
)
def test_each_step_is_written_in_words_and_in_the_fields_of_every_version(
    what: DesiredAttachment, observed: ObservedAttachment, expected: list[dict[str, object]]
) -> None:
    assert document(what, observed, 2)["steps"] == expected
