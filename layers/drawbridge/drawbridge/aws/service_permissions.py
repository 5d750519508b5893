"""EC2's permissions of endpoint services: who can find a service of this account, and ask it for a connection."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from drawbridge.aws.batches import in_batches
from drawbridge.aws.errors import code_of, translated
from drawbridge.aws.ownership import OWNER_TAG
from drawbridge.intake.offering.offers import Allowed, AllowedPrincipal, PartlyRefusedError

if TYPE_CHECKING:
    from mypy_boto3_ec2 import EC2Client

_FOR_ENDPOINTS = "vpc-endpoint"
"""The permission type, which is EC2's default where a call names none. Those for attachments of transit gateways are
permissions of their own, and nothing of ours."""

_MOST_PRINCIPALS = 50
"""Principals in one call: the API documents no maximum, and one that it does not take fails the call."""

_MOST_TAGGED = 100
"""Permissions in one call: EC2 takes 1,000, recommends fewer, and tags none of them where one is gone."""


class ServicePermissionsOfEc2:
    """Lists, allows, disallows and tags.

    Every call raises ``AccessDeniedError`` where the role may not, ``ThrottledError`` and ``UpstreamError`` where it is
    worth another try; calls that name a service raise ``GoneError`` where it is not there any longer.
    """

    def __init__(self, ec2: EC2Client, *, owner: str) -> None:
        self._ec2 = ec2
        self._owner = owner

    def allowed(self, service_id: str) -> list[AllowedPrincipal]:
        """Return the principals that may create endpoints to the service."""
        with translated(f"list who may find {service_id}"):
            return [
                _allowed(each)
                for page in self._ec2.get_paginator("describe_vpc_endpoint_service_permissions").paginate(
                    ServiceId=service_id
                )
                for each in page["AllowedPrincipals"]
                # EC2's own filter may leave out what reports no type.
                if each.get("PermissionType", _FOR_ENDPOINTS) == _FOR_ENDPOINTS and each.get("Principal")
            ]

    def allow(self, service_id: str, principals: Sequence[str]) -> Allowed:
        """Allow principals; one that is allowed already is left as it is.

        What EC2 takes for no principal, or has no room for, is in the answer; all others are allowed.
        """
        answers: list[frozenset[str] | None] = []
        refusal = None
        try:
            in_batches(lambda some: answers.append(self._allow(service_id, some)), principals, most=_MOST_PRINCIPALS)
        except PartlyRefusedError as error:
            refusal = error
        if None in answers:
            return Allowed(added=None, refusal=refusal)
        return Allowed(added=frozenset[str]().union(*(each for each in answers if each)), refusal=refusal)

    def disallow(self, service_id: str, principals: Sequence[str]) -> None:
        """Take permissions away; one that is not there is none.

        Raises:
            PartlyRefusedError: EC2 takes some of them for none; all others are taken away.
        """
        in_batches(partial(self._disallow, service_id), principals, most=_MOST_PRINCIPALS)

    def mark(self, permission_ids: Sequence[str]) -> None:
        """Put our ownership tag on permissions; one that was taken away meanwhile needs none.

        Raises:
            PartlyRefusedError: a permission has as many tags as it can; all others are tagged.
        """
        in_batches(self._mark, permission_ids, most=_MOST_TAGGED)

    def _allow(self, service_id: str, principals: list[str]) -> frozenset[str] | None:
        with translated(f"allow principals to find {service_id}"):
            answer = self._ec2.modify_vpc_endpoint_service_permissions(
                ServiceId=service_id, AddAllowedPrincipals=principals
            )
        added = answer.get("AddedPrincipals")
        if added is None or not all(each.get("Principal") for each in added):
            return None
        return frozenset(each["Principal"] for each in added)

    def _disallow(self, service_id: str, principals: list[str]) -> None:
        with translated(f"keep principals from finding {service_id}"):
            self._ec2.modify_vpc_endpoint_service_permissions(ServiceId=service_id, RemoveAllowedPrincipals=principals)

    def _mark(self, permission_ids: list[str]) -> None:
        with translated("tag permissions of endpoint services"):
            try:
                self._ec2.create_tags(Resources=permission_ids, Tags=[{"Key": OWNER_TAG, "Value": self._owner}])
            except ClientError as error:
                # Which code it is that one of them is gone is documented nowhere; all others end like this.
                if not code_of(error).endswith(".NotFound"):
                    raise
                apart = permission_ids if len(permission_ids) > 1 else []
            else:
                apart = []
        for each in apart:
            self._mark([each])


def _allowed(each: Any) -> AllowedPrincipal:
    tags = {tag["Key"]: tag.get("Value", "") for tag in each.get("Tags", [])}
    return AllowedPrincipal(
        arn=each["Principal"], permission_id=each.get("ServicePermissionId", ""), owner=tags.get(OWNER_TAG)
    )
