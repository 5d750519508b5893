"""Copies of what there is, at once and without any call: for more of the same than calls could make in reasonable time.

Quotas do not apply, nothing is announced, and what a copy leads to is not checked.
"""

from __future__ import annotations

import copy
import uuid
from dataclasses import replace

from moto.ec2.models import ec2_backends
from moto.ssm.models import ssm_backends

from local_aws.moto_extension.tables import lock, new_id
from local_aws.services.lattice.store import LatticeResource, configurations
from local_aws.services.privatelink import endpoint_targets
from local_aws.services.privatelink.endpoint_store import Endpoint, endpoints
from local_aws.services.ram.shares import Share, ShareAssociation, shares


def copy_endpoint(endpoint_id: str, *, owner: str = "", configuration_arn: str = "") -> str:
    """Copy a VPC endpoint with its state and tags; return the copy's id.

    It is another account's if ``owner`` is given, which then has no tags, and leads to another resource configuration
    if one is given. DNS names come as for any endpoint, of an Interface endpoint at once.

    Raises:
        KeyError: there is no such endpoint.
    """
    with lock:
        original: Endpoint = endpoints[endpoint_id]
        made = replace(
            original,
            id=new_id("vpce"),
            owner=owner or original.owner,
            target_arn=configuration_arn or original.target_arn,
            connection_id=new_id("vpce-con"),
            resource_association_id=new_id("rea"),
            resource_association_tags=dict(original.resource_association_tags),
            associations={},
        )
        made.dns_entries = [
            entry | {"DnsName": entry["DnsName"].replace(original.id, made.id)} for entry in original.dns_entries
        ]
        endpoints[made.id] = made
        if original.tags and not owner:
            ec2_backends[made.owner][made.region].create_tags(
                [made.id], {tag["Key"]: tag["Value"] for tag in original.tags}
            )
        endpoint_targets.refresh(made)
        return made.id


def copy_configuration(configuration_arn: str, name: str) -> str:
    """Copy a resource configuration of a single resource under another name; return the copy's ARN.

    Raises:
        KeyError: there is no such configuration.
    """
    with lock:
        original: LatticeResource = configurations[configuration_arn.rpartition("/")[2]]
        made_id = new_id("rcfg")
        made = replace(
            original,
            id=made_id,
            arn=original.arn.replace(original.id, made_id),
            tags=dict(original.tags),
            shown=original.shown | {"name": name},
        )
        configurations[made_id] = made
        return made.arn


def copy_share(share_arn: str, name: str, resource_arn: str) -> str:
    """Copy a share with its principals under another name, with one resource instead of its own; return its ARN.

    Whoever has access to the original has access to the copy; there is no invitation to it.

    Raises:
        KeyError: there is no such share.
    """
    with lock:
        original: Share = shares[share_arn]
        made = replace(
            original,
            arn=f"{original.arn.rpartition('/')[0]}/{uuid.uuid4()}",
            name=name,
            tags=dict(original.tags),
            principals={entity: replace(each) for entity, each in original.principals.items()},
            resources={resource_arn: ShareAssociation(resource_arn, "RESOURCE", status="ASSOCIATED")},
            ended=[],
        )
        shares[made.arn] = made
        return made.arn


def copy_parameter(account_id: str, region: str, name: str, *, to: str, value: str) -> None:
    """Copy a parameter of Parameter Store with its tags, under another name and with another value.

    Raises:
        KeyError: there is no such parameter.
    """
    with lock:
        ssm = ssm_backends[account_id][region]
        parameters, tags = ssm._parameters, ssm._resource_tags["Parameter"]  # noqa: SLF001 - moto has no other way
        if name not in parameters:
            raise KeyError(name)
        made = copy.copy(parameters[name][-1])
        made.name, made.value, made.version = to, value, 1
        parameters[to] = [made]
        if name in tags:
            tags[to] = dict(tags[name])
