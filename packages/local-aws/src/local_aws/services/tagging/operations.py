"""Tags on resources that moto does not have: endpoints and endpoint services (EC2), VPC Lattice's resources."""

from __future__ import annotations

from typing import Any

from local_aws.moto_extension.operations import Proceed, ServiceCall, account_in, extend_operation
from local_aws.services.cloudtrail.service_events import record
from local_aws.services.ec2.vpc_facts import ec2_of
from local_aws.services.lattice.store import by_kind, invalid, not_found
from local_aws.services.privatelink.endpoint_services import own_service
from local_aws.services.privatelink.endpoints import own_endpoint
from local_aws.services.tagging.association_tags import is_association, tags_by_arn

_MOST = 50


def install() -> None:
    extend_operation("ec2", "CreateTags", _create_tags)
    extend_operation("vpc-lattice", "TagResource", _tag)
    extend_operation("vpc-lattice", "UntagResource", _untag)
    extend_operation("vpc-lattice", "ListTagsForResource", _list_tags)


def _create_tags(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    resources, tags = params.get("Resources") or [], params.get("Tags") or []
    for resource_id in resources:
        # moto accepts tags on endpoints and endpoint services that do not exist.
        if resource_id.startswith("vpce-svc-"):
            own_service(call, resource_id)
        elif resource_id.startswith("vpce-") and resource_id not in ec2_of(call).vpc_end_points:
            own_endpoint(call, resource_id)
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


def _tag(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    tags = _own_tags(call, params["resourceArn"])
    if tags is None:
        return proceed()
    if len(tags | params["tags"]) > _MOST:
        raise invalid(f"At most {_MOST} tags.")
    tags.update(params["tags"])
    return {}


def _untag(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    tags = _own_tags(call, params["resourceArn"])
    if tags is None:
        return proceed()
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
    resources = by_kind.get(arn.rpartition(":")[2].partition("/")[0])
    if resources is None or arn.count("/") > 1:
        # Longer ARNs below a service's are of listeners and rules.
        return None
    resource = resources.get(arn.rpartition("/")[2])
    if resource is None or resource.arn != arn or resource.owner != call.account_id:
        raise not_found(arn, "RESOURCE")
    kept: dict[str, str] = resource.tags
    return kept
