"""VPC Lattice."""

from __future__ import annotations

from local_aws.iam import facts
from local_aws.iam.rules import AwsCall, Rules, key, strings
from local_aws.policy_language.patterns import Context
from local_aws.services.lattice.network_reach import ServiceAssociation
from local_aws.services.lattice.network_vpcs import VpcAssociation

_ASSOCIATIONS = (
    "serviceNetworkVpcAssociationIdentifier",
    "serviceNetworkServiceAssociationIdentifier",
)


def _keys_of_association(call: AwsCall) -> Context:
    """Return the keys of the two sides of an association that the call names.

    The reference has none for associations with resources, but for their tags.
    """
    named = [each for name in _ASSOCIATIONS for each in strings(call.params.get(name))]
    found = facts.network_association(named[0]) if named else None
    if isinstance(found, VpcAssociation):
        return {
            **key("vpc-lattice:ServiceNetworkArn", found.network.arn),
            **key("vpc-lattice:VpcId", found.vpc_id),
        }
    if isinstance(found, ServiceAssociation):
        return {
            **key("vpc-lattice:ServiceNetworkArn", found.network.arn),
            **key("vpc-lattice:ServiceArn", found.service.arn),
        }
    return {}


def _keys(call: AwsCall) -> Context:
    params = call.params
    dns = params.get("dnsOptions") or {}
    return {
        **_keys_of_association(call),
        **key("vpc-lattice:VpcId", params.get("vpcIdentifier")),
        **key("vpc-lattice:ServiceNetworkArn", _arn(call, "servicenetwork", params.get("serviceNetworkIdentifier"))),
        **key("vpc-lattice:ServiceArn", _arn(call, "service", params.get("serviceIdentifier"))),
        **key(
            "vpc-lattice:ResourceConfigurationArn",
            _arn(call, "resourceconfiguration", params.get("resourceConfigurationIdentifier")),
        ),
        **key("vpc-lattice:SecurityGroupIds", params.get("securityGroupIds")),
        **key("vpc-lattice:AuthType", params.get("authType")),
        **key("vpc-lattice:DomainName", params.get("domainName")),
        **key("vpc-lattice:VpcEndpointId", params.get("vpcEndpointId")),
        **key("vpc-lattice:PrivateDnsPreference", dns.get("privateDnsPreference")),
        **key("vpc-lattice:PrivateDnsSpecifiedDomains", dns.get("privateDnsSpecifiedDomains")),
    }


def _arn(call: AwsCall, kind: str, identifier: object) -> str | None:
    if not identifier:
        return None
    return str(identifier) if str(identifier).startswith("arn:") else call.arn(f"{kind}/{identifier}")


RULES = Rules(
    names={
        "ResourceConfiguration": ("resourceConfigurationIdentifier",),
        "ResourceGateway": ("resourceGatewayIdentifier",),
    },
    keys=_keys,
    tagging="TagResource",
)
