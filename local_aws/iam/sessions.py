"""What AssumeRole is given besides the role: policies that hold the session to less than the role may, and its length.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from local_aws.iam import identities
from local_aws.iam.policies import MalformedPolicyError, Statement, parse
from local_aws.services.errors import AwsError

_LONGEST = 2048
_MOST_ARNS = 10
_ARN_PARTS = 6
_HOUR = 3600

_policies: dict[str, tuple[Statement, ...]] = {}
"""By the session's access key; several policies of a session are one, as they add up."""


def policies_of(access_key_id: str) -> tuple[Statement, ...] | None:
    """Give the session policies of temporary credentials; None if there are none, which limits nothing."""
    return _policies.get(access_key_id)


def keep_session_policies() -> None:
    """Have moto's AssumeRole take session policies, and refuse those that AWS refuses; harmless when done already."""
    original = TokenResponse.assume_role
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def assume_role(self: Any) -> Any:
        document = self._get_param("Policy")
        arns = [str(each.get("arn", "")) for each in self._get_param("PolicyArns") or ()]
        account_id = str(self._get_param("RoleArn") or "").split(":")[4:5]
        partition = get_partition(self.region)
        _check_duration(self._get_param("DurationSeconds"), self._get_param("RoleArn"), partition)
        statements = (
            _statements(document, arns, account_id[0] if account_id else "", partition) if document or arns else None
        )
        answer = original(self)
        if statements is not None:
            _policies[_newest(self.current_account, account_id, partition, answer)] = statements
        return answer

    TokenResponse.assume_role = assume_role


def _check_duration(seconds: Any, role_arn: Any, partition: str) -> None:
    parts = str(role_arn or "").split(":")
    role = identities.find_role(parts[4], partition, parts[-1].rsplit("/", 1)[-1]) if len(parts) == _ARN_PARTS else None
    if role is not None and seconds and int(seconds) > int(role.max_session_duration or _HOUR):
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _newest(caller: str, account_id: list[str], partition: str, answer: Any) -> str:
    given = getattr(answer, "result", {}).get("Credentials")
    if given is not None:
        return str(given.access_key_id)
    return str(sts_backends[account_id[0] if account_id else caller][partition].assumed_roles[-1].access_key_id)


def _statements(document: str | None, arns: Iterable[str], account_id: str, partition: str) -> tuple[Statement, ...]:
    found: list[Statement] = []
    if document:
        if len(document) > _LONGEST:
            raise AwsError(
                "ValidationError",
                "1 validation error detected: Value at 'policy' failed to satisfy constraint: Member must have length "
                f"less than or equal to {_LONGEST}",
            )
        try:
            found += parse(document)
        except MalformedPolicyError as error:
            raise AwsError("MalformedPolicyDocument", f"Syntax errors in policy: {error}") from error
    named = list(arns)
    if len(named) > _MOST_ARNS:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length "
            f"less than or equal to {_MOST_ARNS}",
        )
    for arn in named:
        policy = iam_backends[account_id][partition].managed_policies.get(arn) if account_id else None
        if policy is None:
            raise AwsError("MalformedPolicyDocument", f"Policy {arn} does not exist or is not attachable.")
        found += identities.statements_of(policy)
    return tuple(found)
