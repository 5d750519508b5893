"""EC2's VPC endpoints of type Resource, and what they are associated with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drawbridge.association import WantedAssociation
from drawbridge.association.associate import EndpointState, ResourceEndpoint
from drawbridge.aws.errors import translated
from drawbridge.aws.pages import pages
from drawbridge.publication.publish import AssociatedResource

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_ec2.type_defs import TagTypeDef

OWNER_TAG = "drawbridge:owner"
BINDING_TAG = "drawbridge:binding"
RESOURCE_TAG = "drawbridge:resource-configuration"

_STATES = {
    "pending": EndpointState.PENDING,
    "pendingacceptance": EndpointState.PENDING,
    "available": EndpointState.AVAILABLE,
    "partial": EndpointState.PARTIAL,
    "failed": EndpointState.FAILED,
}
"""In lower case: resource endpoints answer ``Available`` where interface endpoints answer ``available``."""


class ResourceEndpoints:
    """The endpoints that Drawbridge makes, each known by its tags."""

    def __init__(self, ec2: EC2Client, *, owner: str) -> None:
        self._ec2 = ec2
        self._owner = owner

    def find(self, wanted: WantedAssociation) -> list[ResourceEndpoint]:
        """Give the endpoints made for this binding, resource and VPC, oldest first."""
        filters = [
            {"Name": "vpc-id", "Values": [wanted.vpc_id]},
            *({"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in self._tags(wanted)),
        ]
        with translated(f"find the endpoint of {wanted.name}"):
            found = [
                each
                for page in pages(self._ec2.describe_vpc_endpoints, marker="NextToken", Filters=filters)
                for each in page["VpcEndpoints"]
            ]
        found.sort(key=lambda each: (each["CreationTimestamp"], each["VpcEndpointId"]))
        return [_endpoint(each) for each in found]

    def create(self, wanted: WantedAssociation, client_token: str) -> ResourceEndpoint:
        """Make the endpoint. The same token gives the same endpoint."""
        private = wanted.private_dns != "off"
        optional: dict[str, Any] = {}
        if wanted.security_group_ids:
            optional["SecurityGroupIds"] = list(wanted.security_group_ids)
        if private:
            optional["DnsOptions"] = {"PrivateDnsPreference": "VERIFIED_DOMAINS_ONLY"}
        with translated(f"create the endpoint of {wanted.name}"):
            answer = self._ec2.create_vpc_endpoint(
                # Without a type AWS makes a gateway endpoint.
                VpcEndpointType="Resource",
                VpcId=wanted.vpc_id,
                ResourceConfigurationArn=wanted.resource_arn,
                SubnetIds=list(wanted.subnet_ids),
                PrivateDnsEnabled=private,
                ClientToken=client_token,
                TagSpecifications=[
                    {
                        "ResourceType": "vpc-endpoint",
                        "Tags": [*self._tags(wanted), {"Key": "Name", "Value": wanted.name[:256]}],
                    }
                ],
                **optional,
            )
        return _endpoint(answer["VpcEndpoint"])

    def change_groups(self, endpoint_id: str, *, add: frozenset[str], remove: frozenset[str]) -> None:
        """Give the endpoint security groups, and take others: of all that it is made with, only these can change."""
        with translated(f"change the security groups of {endpoint_id}"):
            self._ec2.modify_vpc_endpoint(
                VpcEndpointId=endpoint_id, AddSecurityGroupIds=sorted(add), RemoveSecurityGroupIds=sorted(remove)
            )

    def associated(self, endpoint_id: str) -> list[AssociatedResource]:
        """Give what the endpoint is associated with: the only place where AWS tells the names."""
        with translated(f"list the associations of {endpoint_id}"):
            return [
                _associated(each)
                for page in pages(
                    self._ec2.describe_vpc_endpoint_associations,
                    marker="NextToken",
                    VpcEndpointIds=[endpoint_id],
                )
                for each in page["VpcEndpointAssociations"]
            ]

    def _tags(self, wanted: WantedAssociation) -> list[TagTypeDef]:
        return [
            {"Key": OWNER_TAG, "Value": self._owner},
            {"Key": BINDING_TAG, "Value": wanted.binding},
            {"Key": RESOURCE_TAG, "Value": wanted.resource_arn},
        ]


def _endpoint(each: Any) -> ResourceEndpoint:
    error = each.get("LastError") or {}
    return ResourceEndpoint(
        endpoint_id=each["VpcEndpointId"],
        state=_STATES.get(each["State"].lower(), EndpointState.OVER),
        security_group_ids=frozenset(group["GroupId"] for group in each.get("Groups", [])),
        failure=" ".join(filter(None, (error.get("Code"), error.get("Message"), each.get("FailureReason")))),
    )


def _associated(each: Any) -> AssociatedResource:
    name = each.get("DnsEntry") or {}
    return AssociatedResource(
        association_id=each["Id"],
        resource_arn=each.get("AssociatedResourceArn", ""),
        # Seen live as "Accessible"; the filter's documentation speaks of AVAILABLE.
        accessible=each.get("AssociatedResourceAccessibility", "").lower() in {"accessible", "available"},
        dns_name=name.get("DnsName", ""),
        hosted_zone_id=name.get("HostedZoneId", ""),
        private_dns_name=(each.get("PrivateDnsEntry") or {}).get("DnsName"),
        failure=" ".join(filter(None, (each.get("FailureCode"), each.get("FailureReason")))),
    )
