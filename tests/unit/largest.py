"""The largest of what there is room for: names, causes and lists as long as AWS, bindings and policies allow."""

import msgspec

from drawbridge.association import DesiredAttachment, MadeAttachment, Mode, NetworkRef
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.association.plan import MOST_AT_ONCE
from drawbridge.lattice import PrivateDns
from drawbridge.publication import AttachmentSnapshot, Publication
from drawbridge.withdrawal import Cause, ObjectRemoval, PublishedPath
from tests.builders import NETWORK_ARN, RESOURCE_ARN, desired

LONGEST_NAME = f"/{'p' * 32}/connections/{'b' * 64}/{'r' * 200}/vpc-{'0' * 17}/connection"


def longest_association(number: int) -> DesiredAttachment:
    return desired(
        mode=Mode.SERVICE_NETWORK_ENDPOINT,
        binding="b" * 64,
        resource_name=f"{number:03}".ljust(63, "r"),
        resource_type="GROUP",
        port_ranges=tuple(f"{port}-{port + 1}" for port in range(60_000, 60_010)),
        network=NetworkRef(identifier=NETWORK_ARN, name="n" * 63, create=True),
        subnet_ids=tuple(f"subnet-{n:017}" for n in range(6)),
        security_group_ids=tuple(f"sg-{n:017}" for n in range(5)),
        private_dns=PrivateDns.VERIFIED_AND_LISTED,
        private_domains=tuple(f"{n}".ljust(255, "d") for n in range(10)),
        per_vpc=True,
        alias="a" * 255,
        alias_zone="Z" * 32,
    )


LONGEST_PATH = LONGEST_NAME.removesuffix("/connection")


def longest_removal(number: int, *, names: int = 1) -> ObjectRemoval:
    """Return the removal of an endpoint that names lead through."""
    endpoint_id = f"vpce-{number:017}"
    arn = RESOURCE_ARN.replace("aws:", "aws-us-gov:").replace("us-east-1", "us-gov-west-1")
    return ObjectRemoval(
        removed=OwnedObject(
            id=endpoint_id,
            kind=OwnedKind.ENDPOINT,
            arn=arn,
            binding="b" * 64,
            resource_arn=arn,
            network_arn=LARGEST_BY.network_arn,
            vpc_id=f"vpc-{'0' * 17}",
        ),
        names=tuple(
            PublishedPath(
                path=f"{LONGEST_PATH}-{name}",
                subject=arn,
                binding="b" * 64,
                through=f"{endpoint_id} snra-{'0' * 17} snva-{'0' * 17}",
            )
            for name in range(names)
        ),
        cause=Cause.NOT_SHARED,
        why=f"no share in effect holds {arn}",
    )


ALL_LONGEST = tuple(longest_association(number) for number in range(MOST_AT_ONCE))

LARGEST_BY = MadeAttachment(
    endpoint_id=f"vpce-{'0' * 17}",
    network_arn=f"arn:aws-us-gov:vpc-lattice:us-gov-west-1:{'1' * 12}:servicenetwork/sn-{'0' * 17}",
    resource_association=f"snra-{'0' * 17}",
    vpc_association=f"snva-{'0' * 17}",
    security_group_ids=tuple(f"sg-{n:017}" for n in range(16)),
)


_OF_SNAPSHOT = longest_association(0)
LARGEST_SNAPSHOT = AttachmentSnapshot(
    name=_OF_SNAPSHOT.name,
    resource_arn=_OF_SNAPSHOT.resource.arn,
    resource_kind=_OF_SNAPSHOT.resource.kind,
    holds_others=True,
    made=LARGEST_BY,
    observed_fingerprint="0" * 64,
)


def largest_publication(number: int = 0, *, names: int = 2_000) -> Publication:
    """Return what is published of one association that leads to very many things."""
    return Publication(
        dns_name="d" * 2_000,
        parameters=tuple(f"{LONGEST_NAME}-{number}-{n}" for n in range(names)),
        pending=tuple(f"{RESOURCE_ARN}{n}" for n in range(names)),
        taken_back=tuple(f"{LONGEST_NAME}-{number}-{n}-gone" for n in range(names)),
        attachment=msgspec.structs.replace(LARGEST_SNAPSHOT, name=longest_association(number).name),
    )
