"""Data of the resources that a call names; a resource that does not exist has none, and is no error."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from moto.backends import get_backend

from local_aws.moto_extension.errors import AwsError
from local_aws.services.lattice import store
from local_aws.services.lattice.network_associations import NetworkAssociation
from local_aws.services.organizations import membership
from local_aws.services.privatelink import connection_notifications, endpoint_services, endpoint_store
from local_aws.services.ram import invitations, shares
from local_aws.services.ram.resource_types import type_of
from local_aws.services.tagging import association_tags

_ARN = re.compile(
    r"arn:(?P<partition>[\w-]+):(?P<service>[\w-]+):(?P<region>[\w-]*):(?P<account>\d{12}):(?P<resource>.+)"
)
# moto's names of services that are called otherwise in ARNs.
_BACKENDS = {"states": "stepfunctions", "vpc-lattice": "vpclattice"}
_GLOBAL = frozenset({"iam", "organizations"})


def account_of(arn: str) -> str | None:
    """Return the account that the ARN names, if it names one."""
    found = _ARN.fullmatch(arn)
    return found["account"] if found else None


def tags_of(arn: str) -> Mapping[str, str]:
    """Return the tags of the resource; none if it does not exist."""
    found = _ARN.fullmatch(arn)
    if found is None or "*" in found["resource"]:
        return {}
    backend = backend_of(found["service"], found["account"], found["region"])
    if backend is None:
        return {}
    reader = _READERS.get(found["service"], _tagger)
    return {str(name): str(value) for name, value in _pairs(reader(backend, arn, found["resource"]))}


def hash_key(table_arn: str, index: object) -> str | None:
    """Return the partition key of a table or of one of its indexes."""
    found = _ARN.fullmatch(table_arn)
    if found is None:
        return None
    backend = backend_of("dynamodb", found["account"], found["region"])
    table = backend.tables.get(found["resource"].split("/")[1]) if backend else None
    if table is None:
        return None
    if index is None:
        return str(table.hash_key_attr)
    schemas = [each.schema for each in [*table.indexes, *table.global_indexes] if each.name == index]
    return next(
        (str(each["AttributeName"]) for schema in schemas for each in schema if each["KeyType"] == "HASH"), None
    )


def secret_arn(account_id: str, region: str, identifier: str) -> str | None:
    """Return the ARN of a secret by its name, ARN or beginning of an ARN; None if it does not exist."""
    backend = backend_of("secretsmanager", account_id, region)
    if backend is None or identifier not in backend.secrets:
        return None
    return str(backend.secrets[identifier].arn)


def key_arn(account_id: str, region: str, identifier: str) -> str | None:
    """Return the ARN of a KMS key by its id, ARN or alias; None if it does not exist."""
    backend = backend_of("kms", account_id, region)
    if backend is None or not identifier:
        return None
    alias = identifier.rsplit(":", maxsplit=1)[-1]
    for key in list(backend.keys.values()):
        if identifier in (key.id, key.arn) or alias in key.aliases:
            return str(key.arn)
    return None


def stack_arn(account_id: str, region: str, identifier: str) -> str | None:
    """Return the ARN of a stack by its name or ARN; None if it does not exist."""
    backend = backend_of("cloudformation", account_id, region)
    stacks = list(backend.stacks.values()) if backend else []
    return next((str(each.stack_id) for each in stacks if identifier in {each.name, each.stack_id}), None)


def vpc_of(account_id: str, region: str, kind: str, resource_id: str) -> str | None:
    """Return the id of the VPC that a subnet or security group is in."""
    backend = backend_of("ec2", account_id, region)
    if backend is None:
        return None
    if kind == "subnet":
        found = [zone.get(resource_id) for zone in list(backend.subnets.values())]
    elif kind == "security-group":
        found = [groups.get(resource_id) for groups in list(backend.groups.values())]
    else:
        return None
    return next((str(each.vpc_id) for each in found if each is not None), None)


def organization(account_id: str) -> tuple[str, str] | None:
    """Return the management account and the id of the account's organization."""
    mine = membership.membership(account_id)
    return (mine.management_account_id, mine.organization_id) if mine else None


def organization_path(account_id: str) -> str | None:
    """Return the account's path in its organization in the form of aws:PrincipalOrgPaths: without the account."""
    mine = membership.membership(account_id)
    return mine.path.removesuffix(f"{account_id}/") if mine else None


def owner_of_endpoint_service(name: str) -> str | None:
    """Return the account whose endpoint service has this service name; None for AWS's own."""
    found = endpoint_services.services.get(name.rsplit(".", 1)[-1])
    return str(found.owner) if found else None


def regions_of_endpoint_service(service_id: str) -> list[str]:
    """Return the Regions from which an endpoint service can be reached; none if it does not exist."""
    found = endpoint_services.services.get(service_id)
    return [*found.supported_regions] if found else []


def network_association(identifier: str) -> NetworkAssociation | None:
    """Return the association of a service network with this id or ARN."""
    association_id = identifier.rpartition("/")[2]
    found = [table.get(association_id) for table in association_tags.OF_NETWORKS.values()]
    return next((each for each in found if each is not None), None)


def service_of_endpoint(endpoint_id: str) -> str | None:
    """Return the name of a VPC endpoint's service."""
    found = endpoint_store.endpoints.get(endpoint_id)
    return found.service_name if found else None


def owner_of_notification(notification_id: str) -> str | None:
    """Return the id of the endpoint service or endpoint that a connection notification belongs to."""
    notifications = connection_notifications._notifications  # noqa: SLF001 - only the service's operations use it
    found = notifications.get(notification_id)
    return (found.service_id or found.endpoint_id) if found else None


def share_of(arn: str) -> shares.Share | None:
    """Return the resource share by its own ARN or its invitation's."""
    if arn in shares.shares:
        share: shares.Share = shares.shares[arn]
        return share
    invitation = invitations._invitations.get(arn)  # noqa: SLF001 - only the service's operations use it
    return invitation.share if invitation else None


def share_types(arns: Iterable[str]) -> list[str]:
    """Return RAM's types of the resources; a resource that can't be shared has none."""
    types = []
    for arn in arns:
        try:
            types.append(type_of(arn))
        except AwsError:
            continue
    return types


def backend_of(service: str, account_id: str, region: str) -> Any | None:
    """Return moto's backend of IAM's service in an account; None if moto does not have it."""
    try:
        backends: Any = get_backend(cast("Any", _BACKENDS.get(service, service)))
        regions = backends[account_id]
        return regions[region or "aws"] if region or service in _GLOBAL else regions[next(iter(backends.regions))]
    except (ImportError, KeyError):
        return None


def _pairs(tags: Any) -> Iterator[tuple[Any, Any]]:
    """Yield the tags in any form of moto's backends: a dictionary, or a list of keys and values."""
    if isinstance(tags, Mapping):
        yield from tags.items()
        return
    for tag in tags or ():
        lowered = {str(name).lower().removeprefix("tag"): value for name, value in tag.items()}
        yield lowered.get("key", ""), lowered.get("value") or ""


def _tagger(backend: Any, arn: str, resource: str) -> Any:
    tagger = getattr(backend, "tagger", None)
    return tagger.get_tag_dict_for_resource(arn) if tagger else {}


def _tags_in_ec2(backend: Any, arn: str, resource: str) -> Any:
    # moto's is a defaultdict, which brackets would add an entry to.
    return backend.tags.get(resource.rsplit("/", maxsplit=1)[-1])


def _tags_of_parameter(backend: Any, arn: str, resource: str) -> Any:
    name = resource.removeprefix("parameter")
    tags = backend._resource_tags.get("Parameter", {})  # noqa: SLF001 - moto's own method raises if it does not exist
    return tags.get(name) or tags.get(name.removeprefix("/"))


def _tags_of_table(backend: Any, arn: str, resource: str) -> Any:
    table = backend.tables.get(resource.split("/")[1])
    return table.tags if table else None


def _tags_of_queue(backend: Any, arn: str, resource: str) -> Any:
    queue = backend.queues.get(resource)
    return queue.tags if queue else None


def _tags_of_topic(backend: Any, arn: str, resource: str) -> Any:
    topic = backend.topics.get(arn)
    return topic._tags if topic else None  # noqa: SLF001 - moto's own method raises if it does not exist


def _tags_of_function(backend: Any, arn: str, resource: str) -> Any:
    function = backend._lambdas.get_arn(arn)  # noqa: SLF001 - moto's own method raises if it does not exist
    return function.tags if function else None


def _tags_of_secret(backend: Any, arn: str, resource: str) -> Any:
    return backend.secrets[arn].tags if arn in backend.secrets else None


def _tags_of_key(backend: Any, arn: str, resource: str) -> Any:
    return backend.tagger.list_tags_for_resource(resource.rsplit("/", maxsplit=1)[-1]).get("Tags")


def _tags_of_share(backend: Any, arn: str, resource: str) -> Any:
    share = share_of(arn)
    return share.tags if share else None


def _tags_in_lattice(backend: Any, arn: str, resource: str) -> Any:
    kind, _, identifier = resource.partition("/")
    resource_entry = store.by_kind.get(kind, {}).get(identifier)
    if resource_entry is not None:
        return resource_entry.tags
    return association_tags.tags_by_arn(arn) or _tagger(backend, arn, resource)


def _tags_of_role(backend: Any, arn: str, resource: str) -> Any:
    return next((role.tags for role in list(backend.roles.values()) if role.arn == arn), None)


_READERS: Mapping[str, Callable[[Any, str, str], Any]] = {
    "ec2": _tags_in_ec2,
    "ssm": _tags_of_parameter,
    "dynamodb": _tags_of_table,
    "sqs": _tags_of_queue,
    "sns": _tags_of_topic,
    "lambda": _tags_of_function,
    "secretsmanager": _tags_of_secret,
    "kms": _tags_of_key,
    "ram": _tags_of_share,
    "vpc-lattice": _tags_in_lattice,
    "iam": _tags_of_role,
}
