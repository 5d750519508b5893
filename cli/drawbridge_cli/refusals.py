"""What to do about each reason for which something wanted is not associated."""

from collections.abc import Mapping

from drawbridge.status import Reason
from drawbridge_cli.ahead import SHARE_NOT_ACCEPTED

WHAT_TO_DO: Mapping[str, str] = {
    "association-failed": "see to the cause that AWS tells, then delete what failed",
    "association-not-permitted": "write a policy that permits the action associate, or match less",
    "binding-broken": "correct the binding; the version before it stays in force",
    "both-foreign": "name a service network of this account",
    "denied": "drawbridge policy explain, with the share's ARN; a policy that permits accept lets it in all the same",
    "kind-not-supported": "match the group instead of its child; what is of type CIDR can't be reached",
    "mode-not-possible": "use the mode that the reason names, or leave out what it names",
    "name-taken": "match only one of the two resources of that name",
    "network-shareable": "name a network that Drawbridge creates, or ask the provider to allow it",
    "no-security-group": "correct attach.securityGroups",
    "no-service-network": "name one in attach.serviceNetwork, create it, or add create: true",
    "no-subnet": "make a subnet in that VPC, or correct attach.subnets",
    "no-vpc": "make the VPC or tag it, or correct attach.vpc",
    "not-let-in": "write a policy that permits accept, or approve the share as it is now",
    "not-ours": "change it by hand, or delete it to have it made anew",
    "private-dns-fixed": "delete it to have it made anew, or set privateDns: off",
    "private-dns-differs": "write the same privateDns in both bindings",
    "private-dns-twice": "set privateDns: off in one of the two bindings",
    "quota-reached": "ask Service Quotas for more, and write the new limit down below config/quotas",
    "resource-unavailable": "see to it with the provider; it is looked at again every six hours",
    "security-groups-differ": "name the same security groups in both bindings",
    SHARE_NOT_ACCEPTED: "drawbridge policy explain, with the share's ARN, says why",
    "too-many-associations": "match fewer, or have the provider use several shares",
    "vpc-associated-elsewhere": "use mode service-network-endpoint, or the network that the VPC has",
    "vpc-without-dns": "turn on enableDnsSupport and enableDnsHostnames, or set privateDns: off",
    "wrong-security-group": "name security groups of that VPC; leave them out where attach.vpc is a tag",
}


def what_to_do(reason: Reason) -> str:
    return WHAT_TO_DO.get(reason.code, "")
