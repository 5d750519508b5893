"""VPC Lattice's resource gateways and resource configurations."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import ServiceCall
from local_aws.moto_extension.pages import BadTokenError, page
from local_aws.moto_extension.tables import later, table
from local_aws.services.ram.resource_types import share_checks
from local_aws.services.timings import timings
from local_aws.time.clock import clock

_MOST = 100
_MOST_TAGS = 50


@dataclass
class LatticeResource:
    """A resource gateway or configuration: the common attributes, and the rest as the API shows it."""

    id: str
    arn: str
    owner: str
    region: str
    tags: dict[str, str]
    shown: dict[str, Any]
    status: str = "CREATE_IN_PROGRESS"
    failure: str | None = None
    created: datetime = field(default_factory=clock.now)
    updated: datetime = field(default_factory=clock.now)

    def describe(self) -> dict[str, Any]:
        described = self.shown | {
            "id": self.id,
            "arn": self.arn,
            "status": self.status,
            "createdAt": self.created,
            "lastUpdatedAt": self.updated,
        }
        return described | ({"failureReason": self.failure} if self.failure else {})

    def settle(self, status: str = "ACTIVE", then: Callable[[], None] | None = None) -> None:
        """Change the status after a while, unless something else has changed it by then."""
        before = self.status

        def reach() -> None:
            if self.status == before:
                self.status, self.updated = status, clock.now()
                self.failure = "An internal error occurred. Try again." if status.endswith("_FAILED") else None
                if then:
                    then()

        later(timings.lattice_created, reach)


gateways: Final[dict[Any, LatticeResource]] = table()
configurations: Final[dict[Any, LatticeResource]] = table()
"""By id."""

by_kind: Final[dict[str, dict[Any, Any]]] = {"resourcegateway": gateways, "resourceconfiguration": configurations}
"""Tables of the resources for tagging and sharing, by the resource type in their ARNs. The resources have ``arn``,
``owner`` and ``tags``; their modules add the tables."""

attachments: Final[list[Callable[[LatticeResource], bool]]] = []
"""Tests whether a configuration is in use and so can't be deleted."""


def remove_later(resources: dict[Any, Any], resource: LatticeResource) -> None:
    resource.status = "DELETE_IN_PROGRESS"
    later(timings.lattice_deleted, lambda: resources.pop(resource.id, None))


class Placed(Protocol):
    """A resource of an account and Region, with an ARN."""

    arn: str
    owner: str
    region: str


_Kept = TypeVar("_Kept", bound=Placed)


def find(
    call: ServiceCall, resources: Mapping[Any, _Kept], identifier: str, kind: str, seen: Callable[[_Kept], bool]
) -> _Kept:
    """Return a resource by its id or ARN, if ``seen`` shows it to the caller.

    Raises:
        AwsError: it does not exist or the caller can't see it; AWS does not distinguish the two.
    """
    found = resources.get(identifier.rpartition("/")[2])
    if found is None or found.region != call.region or (":" in identifier and found.arn != identifier):
        raise not_found(identifier, kind)
    if not seen(found):
        raise not_found(identifier, kind)
    return found


def not_found(identifier: str, kind: str) -> AwsError:
    return AwsError(
        "ResourceNotFoundException", f"{kind} {identifier} not found", resourceId=identifier, resourceType=kind
    )


def invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message, reason="other", fieldList=[])


def new_tags(params: dict[str, Any]) -> dict[str, str]:
    """Return the tags that a request has for the new resource.

    Raises:
        AwsError: a key is AWS's own, or there are too many.
    """
    tags = dict(params.get("tags") or {})
    check_tag_keys(tags)
    check_tag_count(tags)
    return tags


def check_tag_count(tags: Collection[str]) -> None:
    """Refuse more tags than a resource can have (user guide, "Tags"); the code is a guess."""
    if len(tags) > _MOST_TAGS:
        raise invalid(f"At most {_MOST_TAGS} tags.")


def check_tag_keys(keys: Iterable[str]) -> None:
    """Refuse the keys of tags that AWS keeps to itself: they can be neither set nor removed (user guide, "Tags")."""
    reserved = [key for key in keys if key.startswith("aws:")]
    if reserved:
        raise invalid(f"The tag key {reserved[0]} is not valid: the prefix aws: is reserved.")


def conflict(identifier: str, kind: str, message: str) -> AwsError:
    return AwsError("ConflictException", message, resourceId=identifier, resourceType=kind)


def lattice_page(call: ServiceCall, params: dict[str, Any], items: list[Any]) -> dict[str, Any]:
    try:
        shown, token = page(items, call.operation, params.get("nextToken"), params.get("maxResults", _MOST))
    except BadTokenError as error:
        raise invalid("The specified nextToken is not valid.") from error
    return {"items": shown} | ({"nextToken": token} if token else {})


def _check_shareable(arn: str) -> None:
    """Refuse to share a missing resource, a group's child alone, or a network that is not shareable.

    Raises:
        AwsError: RAM's error.
    """
    resources = by_kind.get(arn.rpartition(":")[2].partition("/")[0])
    if ":vpc-lattice:" not in arn or resources is None:
        return
    found = resources.get(arn.rpartition("/")[2])
    if found is None or found.arn != arn or getattr(found, "status", "ACTIVE") == "DELETE_IN_PROGRESS":
        raise AwsError("UnknownResourceException", f"Resource {arn} could not be found.")
    if resources is configurations and found.shown["type"] == "CHILD":
        raise AwsError("InvalidParameterException", f"{arn} is a child: share its group.")
    if not getattr(found, "shareable", True):
        raise AwsError("InvalidParameterException", f"{arn} is not enabled for sharing.")


share_checks.append(_check_shareable)
