"""What a consumer runs, in the languages that people have: a shell with the AWS CLI, Terraform and CloudFormation.

What only the consumer knows is a variable. What comes from elsewhere is quoted as each language quotes: whatever a name
says, it stays one word.
"""

import json
import re
import shlex
from typing import Any

from msgspec import Struct

from drawbridge_cli.handout import ComingShare, OfferedService, Proof


class WayIn(Struct, frozen=True, kw_only=True):
    """How to make the endpoint, from some Regions."""

    regions: tuple[str, ...]
    """Any of them; the first is the one that is written."""
    cli: str
    terraform: str
    cloudformation: str


class ShareCommands(Struct, frozen=True, kw_only=True):
    """How to take a share, by hand and with Drawbridge."""

    cli: str
    endpoint: str
    """What makes an endpoint to a resource configuration that the share holds."""
    name: str
    """What shows the name that then leads there."""
    binding: str
    policy: str


def service_commands(service: OfferedService) -> tuple[WayIn, ...]:
    """Return the ways to make an endpoint: in the service's own Region, and in others if it is offered there.

    There are none to a service whose type is unknown.
    """
    if not service.endpoint_type:
        return ()
    ways = [_way_in(service, (service.region,))]
    if service.other_regions:
        ways.append(_way_in(service, service.other_regions))
    return tuple(ways)


def _way_in(service: OfferedService, regions: tuple[str, ...]) -> WayIn:
    return WayIn(
        regions=regions,
        cli=_create_endpoint(service, regions[0]),
        terraform=_terraform(service, regions[0]),
        cloudformation=_cloudformation(service, regions[0]),
    )


def _create_endpoint(service: OfferedService, region: str) -> str:
    words = [
        ("aws", "ec2", "create-vpc-endpoint"),
        ("--region", shlex.quote(region)),
        ("--vpc-endpoint-type", shlex.quote(service.endpoint_type)),
        ("--service-name", shlex.quote(service.service_name)),
    ]
    if region != service.region:
        words.append(("--service-region", shlex.quote(service.region)))
    words += [("--vpc-id", _given("VPC_ID")), ("--subnet-ids", _given("SUBNET_ID"))]
    if service.is_interface:
        words.append(("--security-group-ids", _given("SECURITY_GROUP_ID")))
    if address_type := address_type_of(service):
        words.append(("--ip-address-type", shlex.quote(address_type)))
    if service.is_interface:
        enabled = service.has_private_name_from_start
        words.append(("--private-dns-enabled" if enabled else "--no-private-dns-enabled",))
    return _lines(words)


def state_command(region: str) -> str:
    """Return what shows an endpoint's state and its name."""
    return _lines(
        [
            ("aws", "ec2", "describe-vpc-endpoints"),
            ("--region", shlex.quote(region)),
            ("--vpc-endpoint-ids", _given("ENDPOINT_ID")),
            ("--query", shlex.quote("VpcEndpoints[0].[State,DnsEntries[0].DnsName]")),
            ("--output", "text"),
        ]
    )


def private_name_command(region: str) -> str:
    """Return what has an endpoint that is accepted answer to the service's private name."""
    return _lines(
        [
            ("aws", "ec2", "modify-vpc-endpoint"),
            ("--region", shlex.quote(region)),
            ("--vpc-endpoint-id", _given("ENDPOINT_ID")),
            ("--private-dns-enabled",),
        ]
    )


def zones_command(region: str) -> str:
    """Return what shows which of an account's zone names stands for which id."""
    return _lines(
        [
            ("aws", "ec2", "describe-availability-zones"),
            ("--region", shlex.quote(region)),
            ("--query", shlex.quote("AvailabilityZones[].[ZoneName,ZoneId]")),
            ("--output", "text"),
        ]
    )


def address_type_of(service: OfferedService) -> str:
    """Return the type of addresses that any subnet has, if the service takes it; empty where that is unknown."""
    if "ipv4" in service.address_types:
        return "ipv4"
    return service.address_types[0] if service.address_types else ""


def _terraform(service: OfferedService, region: str) -> str:
    label = re.sub(r"[^A-Za-z0-9_]", "_", service.service_id)
    arguments = [
        ("vpc_endpoint_type", hcl(service.endpoint_type)),
        ("service_name", hcl(service.service_name)),
        *([("service_region", hcl(service.region))] if region != service.region else []),
        ("vpc_id", "var.vpc_id"),
        ("subnet_ids", "var.subnet_ids"),
    ]
    if service.is_interface:
        arguments.append(("security_group_ids", "var.security_group_ids"))
    if address_type := address_type_of(service):
        arguments.append(("ip_address_type", hcl(address_type)))
    if service.has_private_name_from_start:
        arguments.append(("private_dns_enabled", "true"))
    block = _hcl_block(("aws_vpc_endpoint", label), arguments)
    if not service.is_interface:
        return block
    later = service.uses_private_name and not service.has_private_name_from_start
    private = (
        ("vpc_endpoint_id", f"aws_vpc_endpoint.{label}.id"),
        ("private_dns_enabled", "true"),
    )
    enabling = f"\n# Once the connection is accepted:\n{_commented(_private_block(label, private))}" if later else ""
    output = f'\noutput "{label}_dns_name" {{\n  value = aws_vpc_endpoint.{label}.dns_entry[0].dns_name\n}}\n'
    return block + output + enabling


def _private_block(label: str, arguments: tuple[tuple[str, str], ...]) -> str:
    return _hcl_block(("aws_vpc_endpoint_private_dns", label), arguments)


def _commented(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.splitlines())


def _hcl_block(labels: tuple[str, str], arguments: Any) -> str:
    given = [*arguments]
    width = max(len(name) for name, _ in given)
    inside = "".join(f"  {name:<{width}} = {value}\n" for name, value in given)
    return f'resource "{labels[0]}" "{labels[1]}" {{\n{inside}}}\n'


_HCL_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", '"': r"\"", "\\": r"\\"}


def hcl(text: str) -> str:
    """Return a text as a string of HCL: neither its quotes nor what begins a template in it means anything."""
    return f'"{"".join(map(_hcl_character, text))}"'


def _hcl_character(each: str) -> str:
    if each in _HCL_ESCAPES:
        return _HCL_ESCAPES[each]
    # $ and % before a brace begin a template.
    if each in "$%" or not each.isprintable():
        return f"\\u{ord(each):04x}" if ord(each) <= 0xFFFF else f"\\U{ord(each):08x}"  # noqa: PLR2004 - four digits
    return each


def _cloudformation(service: OfferedService, region: str) -> str:
    # Only what writes YAML needs it.
    import yaml  # noqa: PLC0415

    parameters = {"VpcId": "AWS::EC2::VPC::Id", "SubnetIds": "List<AWS::EC2::Subnet::Id>"}
    properties: dict[str, object] = {
        "VpcEndpointType": service.endpoint_type,
        "ServiceName": service.service_name,
        "VpcId": {"Ref": "VpcId"},
        "SubnetIds": {"Ref": "SubnetIds"},
    }
    if region != service.region:
        properties["ServiceRegion"] = service.region
    if service.is_interface:
        parameters["SecurityGroupIds"] = "List<AWS::EC2::SecurityGroup::Id>"
        properties["SecurityGroupIds"] = {"Ref": "SecurityGroupIds"}
        properties["PrivateDnsEnabled"] = service.has_private_name_from_start
    if address_type := address_type_of(service):
        properties["IpAddressType"] = address_type
    template: dict[str, object] = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Parameters": {name: {"Type": kind} for name, kind in parameters.items()},
        "Resources": {"Endpoint": {"Type": "AWS::EC2::VPCEndpoint", "Properties": properties}},
        "Outputs": {"EndpointId": {"Value": {"Ref": "Endpoint"}}},
    }
    text: str = yaml.safe_dump(template, sort_keys=False, width=1000)
    return text


INVITATION_LASTS_HOURS = 12
"""Of an invitation to a share with resources of VPC Lattice (AWS RAM user guide, "Working with shared resources")."""


def share_commands(share: ComingShare, provider_account_id: str) -> ShareCommands:
    """Return how a share is taken: by hand, and by a binding and a policy of Drawbridge on the consumer's side."""
    import yaml  # noqa: PLC0415 - as above

    listed = _lines(
        [
            ("aws", "ram", "get-resource-share-invitations"),
            ("--region", shlex.quote(share.region)),
            ("--resource-share-arns", shlex.quote(share.arn)),
            ("--query", shlex.quote("resourceShareInvitations[].[status,resourceShareInvitationArn]")),
            ("--output", "text"),
        ]
    )
    accepted = _lines(
        [
            ("aws", "ram", "accept-resource-share-invitation"),
            ("--region", shlex.quote(share.region)),
            ("--resource-share-invitation-arn", _given("INVITATION_ARN")),
        ]
    )
    contents = _lines(
        [
            ("aws", "ram", "list-resources"),
            ("--region", shlex.quote(share.region)),
            ("--resource-owner", "OTHER-ACCOUNTS"),
            ("--resource-share-arns", shlex.quote(share.arn)),
        ]
    )
    binding = {
        "match": {"provider": provider_account_id, "share": _glob(share.name)},
        "attach": {"mode": "resource-endpoint", "vpc": "vpc-0123456789abcdef0"},
    }
    endpoint = _lines(
        [
            ("aws", "ec2", "create-vpc-endpoint"),
            ("--region", shlex.quote(share.region)),
            ("--vpc-endpoint-type", "Resource"),
            ("--resource-configuration-arn", _given("RESOURCE_ARN")),
            ("--vpc-id", _given("VPC_ID")),
            ("--subnet-ids", _given("SUBNET_ID")),
            ("--security-group-ids", _given("SECURITY_GROUP_ID")),
        ]
    )
    name = _lines(
        [
            ("aws", "ec2", "describe-vpc-endpoint-associations"),
            ("--region", shlex.quote(share.region)),
            ("--vpc-endpoint-ids", _given("ENDPOINT_ID")),
            ("--query", shlex.quote("VpcEndpointAssociations[].[AssociatedResourceArn,DnsEntry.DnsName]")),
            ("--output", "text"),
        ]
    )
    return ShareCommands(
        cli=f"{listed}\n{accepted}\n{contents}",
        endpoint=endpoint,
        name=name,
        binding=yaml.safe_dump(binding, sort_keys=False, width=1000),
        policy=(
            f"permit(principal == Account::{json.dumps(provider_account_id)}, "
            'action == Action::"accept", resource is ResourceShare);\n'
        ),
    )


_LONGEST_GLOB = 256


def _glob(name: str) -> str:
    """Return what matches just this name; all of the provider's where that is too long."""
    exactly = re.sub(r"([*?[])", r"[\1]", name)
    return exactly if 0 < len(exactly) <= _LONGEST_GLOB else "*"


def proof_commands(proof: Proof) -> str:
    """Return how the challenge is answered; empty as long as there is none."""
    if not proof.challenge:
        return ""
    where = ("--url", shlex.quote(proof.url)) if proof.url else ("--output", PROOF_FILE)
    return _lines([("drawbridge", "prove"), ("--challenge", shlex.quote(proof.challenge)), where])


PROOF_FILE = "proof.json"


def _given(variable: str) -> str:
    """Return a variable of the shell that has to be set: without it the command does not run."""
    return f'"${{{variable}:?}}"'


def _lines(words: list[tuple[str, ...]]) -> str:
    return " \\\n  ".join(" ".join(each) for each in words) + "\n"
