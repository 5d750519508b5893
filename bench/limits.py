"""The physical limit of a set of work: the fewest seconds in which AWS lets its calls pass.

AWS's own buckets as it publishes them, in a table of its own: the local AWS throttles by another
(``local_aws.throttling.limits``), and a unit test holds the two against each other.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from local_aws.testing.throttles import limit_of

REGION = "us-east-1"


@dataclass(frozen=True)
class Bucket:
    """Requests that pass at once, and requests a second after them, of all its operations together."""

    burst: float
    per_second: float
    operations: tuple[str, ...]


_SINGLE_ENDPOINTS = ("ec2:CreateVpcEndpoint", "ec2:ModifyVpcEndpoint", "ec2:DeleteVpcEndpoints")
_CONNECTIONS = ("ec2:AcceptVpcEndpointConnections", "ec2:RejectVpcEndpointConnections")
_LATTICE = (
    "vpc-lattice:CreateServiceNetwork",
    "vpc-lattice:CreateServiceNetworkResourceAssociation",
    "vpc-lattice:CreateServiceNetworkVpcAssociation",
)

PUBLISHED = (
    # EC2 developer guide, "Request throttling": rate limits of single operations.
    *(Bucket(4, 0.3, (each,)) for each in _SINGLE_ENDPOINTS),
    *(Bucket(10, 1, (each,)) for each in _CONNECTIONS),
    # General reference, "AWS Systems Manager endpoints and quotas": no burst is told, so it is taken for one second's.
    Bucket(3, 3, ("ssm:PutParameter",)),
    Bucket(3, 3, ("ssm:DeleteParameters",)),
    # Step Functions' "Quotas", in large Regions.
    Bucket(1300, 300, ("states:StartExecution",)),
)
GUESSED = tuple(
    Bucket(limit.size, limit.refill, (each,)) for each in _LATTICE if (limit := limit_of(each, REGION)) is not None
)
"""AWS throttles these and publishes nothing: the local AWS's guesses, as there is nothing else to compare with."""

PER_CALL: Mapping[str, int] = {
    "ec2:AcceptVpcEndpointConnections": 25,
    "ec2:RejectVpcEndpointConnections": 25,
    "ec2:DeleteVpcEndpoints": 25,
    "ssm:DeleteParameters": 10,
}
"""How many items a call takes, where it is not one.

Parameter Store's is published. EC2 publishes none for its lists: 25 is what Drawbridge asks for.
"""


@dataclass(frozen=True)
class Physical:
    """What AWS needs at least, in seconds."""

    throttled: float
    """Until the last of the calls that have to be made is let pass."""
    by: str | None
    """The operation whose bucket that is; None if all pass at once."""
    by_itself: float
    """What AWS takes besides for each item, however many there are: until it notifies, until it is available."""

    @property
    def seconds(self) -> float:
        """The limit of all: no item is through before its last scarce call and AWS's own work on it are."""
        return self.throttled + self.by_itself


def calls_for(items: Mapping[str, int]) -> Counter[str]:
    """Return the fewest calls that do so many items of each operation."""
    return Counter({each: math.ceil(count / PER_CALL.get(each, 1)) for each, count in items.items() if count})


def physical(items: Mapping[str, int], *, by_itself: float = 0.0) -> Physical:
    """Return the limit of this work: of so many items by each operation, all of them in one account and Region."""
    calls = calls_for(items)
    longest, by = 0.0, None
    for bucket in (*PUBLISHED, *GUESSED):
        needed = sum(calls[each] for each in bucket.operations)
        seconds = max(0.0, needed - bucket.burst) / bucket.per_second
        if seconds > longest:
            longest, by = seconds, bucket.operations[0]
    return Physical(longest, by, by_itself)


def of_connections(count: int, *, by_itself: float) -> Physical:
    """Return the limit of accepting connections and publishing two parameters of each."""
    return physical({"ec2:AcceptVpcEndpointConnections": count, "ssm:PutParameter": 2 * count}, by_itself=by_itself)


def of_shares(mode: str, resources: int, vpcs: int, *, by_itself: float) -> Physical:
    """Return the limit of associating resources with VPCs, and of publishing two parameters of each name."""
    return physical(fewest_of_shares(mode, resources, vpcs), by_itself=by_itself)


def fewest_of_shares(mode: str, resources: int, vpcs: int) -> Mapping[str, int]:
    """Return the items that have to be made in a mode; none of them reads."""
    names = {"ssm:PutParameter": 2 * resources * vpcs}
    in_network = {
        "vpc-lattice:CreateServiceNetwork": 1,
        "vpc-lattice:CreateServiceNetworkResourceAssociation": resources,
    }
    match mode:
        case "resource-endpoint":
            return {**names, "ec2:CreateVpcEndpoint": resources * vpcs}
        case "service-network":
            return {**names, **in_network, "vpc-lattice:CreateServiceNetworkVpcAssociation": vpcs}
        case "service-network-endpoint":
            return {**names, **in_network, "ec2:CreateVpcEndpoint": vpcs}
        case _:
            raise ValueError(f"{mode}: not a mode of a binding")
