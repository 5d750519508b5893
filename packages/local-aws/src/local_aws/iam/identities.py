"""Roles and users of moto's IAM, with the policies that limit a caller."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from moto.iam.models import iam_backends

from local_aws.iam.facts import account_of
from local_aws.policy_language.policies import Kind, MalformedPolicyError, Statement, parse


@dataclass(frozen=True)
class Identity:
    """A role or user that exists in its account."""

    arn: str
    statements: tuple[Statement, ...]
    boundary: tuple[Statement, ...] | None
    tags: Mapping[str, str]


def role(account_id: str, partition: str, name: str) -> Identity | None:
    """Return a role's policies as they are now; None if the account has no such role."""
    found = find_role(account_id, partition, name)
    return _identity(found, [found], account_id, partition) if found else None


def user(account_id: str, partition: str, name: str) -> Identity | None:
    """Return a user's policies, those of their groups among them; None if the account has no such user."""
    backend = iam_backends[account_id][partition]
    found = backend.users.get(name)
    if found is None:
        return None
    groups = [group for group in list(backend.groups.values()) if found in group.users]
    return _identity(found, [found, *groups], account_id, partition)


def find_role(account_id: str, partition: str, name: str) -> Any | None:
    """Return moto's role with this name; None if there is none."""
    roles = list(iam_backends[account_id][partition].roles.values())
    return next((each for each in roles if each.name == name), None)


def role_of_arn(arn: str, partition: str) -> Any | None:
    """Return moto's role with this ARN; None if there is none."""
    account_id = account_of(arn)
    found = find_role(account_id, partition, arn.rpartition("/")[2]) if account_id else None
    return found if found is not None and found.arn == arn else None


def trust_of(found: Any) -> tuple[Statement, ...]:
    """Return the statements of the trust policy of moto's role."""
    return _parsed(f"the trust policy of role {found.name}", found.assume_role_policy_document, "trust")


def _identity(found: Any, holders: Iterable[Any], account_id: str, partition: str) -> Identity:
    statements = itertools.chain.from_iterable(_statements(holder) for holder in holders)
    return Identity(
        arn=found.arn,
        statements=tuple(statements),
        boundary=_boundary(found, account_id, partition),
        tags=_tags(getattr(found, "tags", None)),
    )


def _statements(holder: Any) -> Iterable[Statement]:
    for name, document in list(holder.policies.items()):
        yield from _parsed(f"policy {name} of {holder.name}", document)
    for policy in list(holder.managed_policies.values()):
        yield from statements_of(policy)


def _boundary(found: Any, account_id: str, partition: str) -> tuple[Statement, ...] | None:
    arn = getattr(found, "permissions_boundary_arn", None)
    if not arn:
        return None
    policy = iam_backends[account_id][partition].managed_policies.get(arn)
    # A boundary that was deleted allows nothing.
    return tuple(statements_of(policy)) if policy else ()


def statements_of(policy: Any) -> Iterable[Statement]:
    """Return the statements of moto's managed policy, in its default version."""
    document = next(each.document for each in policy.versions if each.version_id == policy.default_version_id)
    return _parsed(f"policy {policy.arn}", document)


def _parsed(description: str, document: Any, kind: Kind = "identity") -> tuple[Statement, ...]:
    try:
        return parse(document, kind)
    except MalformedPolicyError as error:
        raise MalformedPolicyError(f"{description}: {error}") from error


def _tags(tags: Any) -> dict[str, str]:
    if isinstance(tags, Mapping):
        pairs = [(name, value.get("Value") if isinstance(value, Mapping) else value) for name, value in tags.items()]
    else:
        pairs = [(tag["Key"], tag["Value"]) for tag in tags or ()]
    return {str(name): str(value) for name, value in pairs}
