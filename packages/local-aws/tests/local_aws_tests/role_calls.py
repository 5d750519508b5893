"""Calls of roles in moto's accounts, as the middleware before moto sees them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto import mock_aws
from moto.iam.models import iam_backends

from local_aws.iam import usage

_accounts = itertools.count(300000000000)


@dataclass(frozen=True)
class RoleCall:
    """A call as the middleware identifies it."""

    account_id: str
    service: str
    operation: str
    params: dict[str, Any] = field(default_factory=dict)
    role_name: str | None = "worker"
    model: str = ""
    region: str = "us-east-1"
    principal_arn: str = ""
    access_key_id: str = ""

    @classmethod
    def make(cls, account_id: str, name: str, role_name: str | None = "worker", /, **params: Any) -> RoleCall:
        service, operation = name.split(":")
        model = {"states": "stepfunctions"}.get(service, service)
        arn = f"arn:aws:sts::{account_id}:assumed-role/{role_name or 'person'}/session"
        return cls(account_id, service, operation, params, role_name, model, principal_arn=arn)


@pytest.fixture(autouse=True)
def moto() -> Iterator[None]:
    with mock_aws():
        usage.forget()
        yield


def unused_account() -> str:
    return str(next(_accounts))


@pytest.fixture
def account() -> str:
    return unused_account()


def make_role(account_id: str, *statements: dict[str, Any], name: str = "worker", **more: Any) -> str:
    trust = more.pop(
        "trust", {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}
    )
    backend = iam_backends[account_id]["aws"]
    role = backend.create_role(
        role_name=name,
        assume_role_policy_document=document(trust),
        path=more.pop("path", "/"),
        permissions_boundary=more.pop("boundary", None),
        description="",
        tags=more.pop("tags", []),
        max_session_duration="3600",
    )
    if statements:
        backend.put_role_policy(name, "inline", document(*statements))
    return str(role.arn)


def make_policy(account_id: str, name: str, *statements: dict[str, Any]) -> str:
    backend = iam_backends[account_id]["aws"]
    return str(backend.create_policy("", "/", document(*statements), name, []).arn)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: Any, resource: Any = "*", **condition: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, "Condition": condition}
