"""What to do about each reason for which something desired is not associated."""

from collections.abc import Mapping

from drawbridge.status import Reason
from drawbridge_cli.share_plans import SHARE_NOT_ACCEPTED

WHAT_TO_DO: Mapping[str, str] = {
    "address-type-fixed": "delete it to have it made anew, or correct attach.ipAddressType",
    "alias-not-possible": "correct attach.alias.name, or match only what has such a name",
    "alias-public": "name a private zone, or write attach.alias.public: true",
    "alias-reserved": 'write another name, or have a policy permit it that says @alias("reserved")',
    "alias-taken": "write another name in one of the two, or delete what is published for the other",
    "association-failed": "see to the cause that AWS tells, then delete what failed",
    "association-not-permitted": "write a policy that permits the action associate, or match less",
    "binding-broken": "correct the binding; the version before it stays in force",
    "both-foreign": "name a service network of this account",
    "denied": "drawbridge policy explain, with the share's ARN; a policy that permits accept lets it in all the same",
    "kind-not-supported": "match the group instead of its child; what is of type CIDR can't be reached",
    "mode-not-possible": "use the mode that the reason names, or leave out what it names",
    "name-taken": "match only one of the two resources of that name",
    "network-shareable": "name a network that Drawbridge creates, or ask the provider to allow it",
    "no-hosted-zone": "correct attach.alias.zone: it is the id of a zone of this account",
    "no-security-group": "correct attach.securityGroups",
    "no-service-network": "name one in attach.serviceNetwork, create it, or add create: true",
    "no-subnet": "make a subnet in that VPC, or correct attach.subnets",
    "no-vpc": "make the VPC or tag it, or correct attach.vpc",
    "not-let-in": "write a policy that permits accept, or approve the share as it is now",
    "not-ours": "change it by hand, or delete it to have it made anew",
    "ownership-lost": "put its tags back, or delete it to have it made anew",
    "private-dns-fixed": "delete it to have it made anew, or set privateDns: off",
    "private-dns-differs": "write the same privateDns in both bindings",
    "private-dns-twice": "set privateDns: off in one of the two bindings",
    "quota-reached": "ask Service Quotas for more, and write the new limit down below config/quotas",
    "no-binding-wants-it": "nothing: the next attempt goes by what the bindings say now",
    "no-longer-shared": "nothing, or ask the provider",
    "resource-not-visible": "ask the provider whether it is shared still, and with permissions to use it",
    "resource-unavailable": "ask the provider to see to it; AWS says what is the matter",
    "security-groups-differ": "name the same security groups in both bindings",
    SHARE_NOT_ACCEPTED: "drawbridge policy explain, with the share's ARN, says why",
    "subnet-unsuitable": "leave that subnet out of attach.subnets",
    "subnets-fixed": "delete it to have it made anew, or name the subnets that it is in",
    "too-many-associations": "match fewer, or have the provider use several shares",
    "vpc-associated-elsewhere": "use mode service-network-endpoint, or the network that the VPC has",
    "vpc-without-dns": "turn on enableDnsSupport and enableDnsHostnames, or set privateDns: off",
    "wrong-security-group": "name security groups of that VPC; leave them out where attach.vpc is a tag",
}


def what_to_do(reason: Reason) -> str:
    return WHAT_TO_DO.get(reason.code, "")
