"""Tags on resources that moto does not have: PrivateLink's in EC2, and VPC Lattice's."""

from __future__ import annotations

from typing import Any, Final

from moto.ec2 import models as moto_models
from moto.ec2 import utils as moto_utils
from moto.ec2.models import tags as moto_tags

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import Proceed, ServiceCall, account_in, extend_operation
from local_aws.services.cloudtrail.service_events import record
from local_aws.services.ec2.answers import check_keys
from local_aws.services.ec2.vpc_facts import ec2_of
from local_aws.services.lattice.store import by_kind, check_tag_count, check_tag_keys, not_found
from local_aws.services.privatelink.endpoint_services import own_service
from local_aws.services.privatelink.endpoint_store import Endpoint
from local_aws.services.privatelink.endpoints import no_such_endpoint, own_endpoint
from local_aws.services.privatelink.service_permissions import own_permission
from local_aws.services.tagging.association_tags import is_association, tags_by_arn

_OF_MOTO: Final = frozenset({"accesslogsubscription", "targetgroup"})
"""The kinds of VPC Lattice's resources that moto keeps."""

_MOST_TAGGED: Final = 1000
"""Resources in one call: EC2's API reference, "CreateTags" and "DeleteTags"; the code is a guess."""


def install() -> None:
    _know_permissions()
    extend_operation("ec2", "CreateTags", _create_tags)
    extend_operation("ec2", "DeleteTags", _delete_tags)
    extend_operation("vpc-lattice", "TagResource", _tag)
    extend_operation("vpc-lattice", "UntagResource", _untag)
    extend_operation("vpc-lattice", "ListTagsForResource", _list_tags)


def _know_permissions() -> None:
    """Let moto tag permissions of endpoint services, whose ids it takes for unfit ones of services."""
    kind, prefix = "vpc-endpoint-service-permission", "vpce-svc-perm"
    moto_utils.EC2_RESOURCE_TO_PREFIX[kind] = prefix
    moto_utils.EC2_PREFIX_TO_RESOURCE[prefix] = kind
    original = moto_utils.get_prefix

    def get_prefix(resource_id: str) -> Any:
        return prefix if resource_id.startswith(f"{prefix}-") else original(resource_id)

    for module in (moto_utils, moto_models, moto_tags):  # it is imported to the latter two
        module.get_prefix = get_prefix


def _create_tags(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    resources, tags = params.get("Resources") or [], params.get("Tags") or []
    _check_resources(call, resources)
    check_keys(tag["Key"] for tag in tags)
    answer = proceed()
    record(
        call,
        request={
            "resourcesSet": {"items": [{"resourceId": resource_id} for resource_id in resources]},
            "tagSet": {"items": [{"key": tag.get("Key"), "value": tag.get("Value", "")} for tag in tags]},
        },
        response={"_return": True},
    )
    return answer


def _delete_tags(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    resources, tags = params.get("Resources") or [], params.get("Tags") or []
    _check_resources(call, resources)
    check_keys(tag["Key"] for tag in tags)
    answer = proceed()
    if not tags:
        _delete_all_tags(call, resources)
    return answer


def _delete_all_tags(call: ServiceCall, resource_ids: list[str]) -> None:
    """Take all tags but AWS's own, as EC2 does where a request names none (API reference, "DeleteTags")."""
    tags = ec2_of(call).tags
    for resource_id in resource_ids:
        for key in [key for key in tags.get(resource_id, {}) if not key.startswith("aws:")]:
            del tags[resource_id][key]


def _check_resources(call: ServiceCall, resource_ids: list[str]) -> None:
    """Refuse endpoints, endpoint services and permissions of those that do not exist, which moto tags and untags.

    On AWS one resource that is gone fails the whole call (github.com/cloud-custodian/cloud-custodian, pull request
    11089). That it is so for DeleteTags, and for an endpoint that is deleted and still listed, is the stricter guess.
    """
    if len(resource_ids) > _MOST_TAGGED:
        raise AwsError("InvalidParameterValue", f"At most {_MOST_TAGGED} resources can be specified.")
    for resource_id in resource_ids:
        if resource_id.startswith("vpce-svc-perm-"):
            own_permission(call, resource_id)
        elif resource_id.startswith("vpce-svc-"):
            own_service(call, resource_id)
        elif resource_id.startswith("vpce-") and resource_id not in ec2_of(call).vpc_end_points:
            _check_is_there(own_endpoint(call, resource_id))


def _check_is_there(endpoint: Endpoint) -> None:
    if endpoint.state == "deleted":
        raise no_such_endpoint(endpoint.id)


def _tag(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    tags = _own_tags(call, params["resourceArn"])
    if tags is None:
        return proceed()
    check_tag_keys(params["tags"])
    check_tag_count(tags | params["tags"])
    tags.update(params["tags"])
    return {}


def _untag(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    tags = _own_tags(call, params["resourceArn"])
    if tags is None:
        return proceed()
    check_tag_keys(params["tagKeys"])
    for key in params["tagKeys"]:
        tags.pop(key, None)
    return {}


def _list_tags(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    tags = _own_tags(call, params["resourceArn"])
    return proceed() if tags is None else {"tags": tags}


def _own_tags(call: ServiceCall, arn: str) -> dict[str, str] | None:
    """Return the tags of the caller's resource with this ARN; None for moto's resources.

    Raises:
        AwsError: the resource does not exist or is another account's.
    """
    if is_association(arn):
        tags = tags_by_arn(arn) if account_in(arn) == call.account_id else None
        if tags is None:
            raise not_found(arn, "RESOURCE")
        return tags
    kind = arn.rpartition(":")[2].partition("/")[0]
    if account_in(arn) != call.account_id:
        raise not_found(arn, "RESOURCE")
    if kind in _OF_MOTO or arn.count("/") > 1:
        # Longer ARNs below a service's are of listeners and rules.
        return None
    resources = by_kind.get(kind, {})
    resource = resources.get(arn.rpartition("/")[2])
    if resource is None or resource.arn != arn or resource.owner != call.account_id:
        raise not_found(arn, "RESOURCE")
    kept: dict[str, str] = resource.tags
    return kept
