"""Session policies and durations of AssumeRole.

https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies.html#policies_session
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from moto.iam.models import iam_backends
from moto.sts.responses import TokenResponse
from moto.utilities.utils import get_partition

from local_aws.iam import identities
from local_aws.iam.facts import account_of
from local_aws.moto_extension.errors import AwsError
from local_aws.policy_language.policies import MalformedPolicyError, Statement, parse

_LONGEST = 2048
_MOST_ARNS = 10
_HOUR = 3600

_policies: dict[str, tuple[Statement, ...]] = {}
"""The statements of all policies of a session, by its access key."""


def policies_of(access_key_id: str) -> tuple[Statement, ...] | None:
    """Return the session policies of temporary credentials; None without any, which sets no limit."""
    return _policies.get(access_key_id)


def keep_session_policies() -> None:
    """Have moto's AssumeRole keep session policies and refuse invalid ones, as AWS does; harmless when done already."""
    original = TokenResponse.assume_role
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def assume_role(self: Any) -> Any:
        document = self._get_param("Policy")
        arns = [str(each.get("arn", "")) for each in self._get_param("PolicyArns") or ()]
        role_arn, partition = str(self._get_param("RoleArn") or ""), get_partition(self.region)
        _check_duration(self._get_param("DurationSeconds"), role_arn, partition)
        statements = _statements(document, arns, account_of(role_arn), partition) if document or arns else None
        answer = original(self)
        if statements is not None:
            _policies[str(answer.result["Credentials"].access_key_id)] = statements
        return answer

    TokenResponse.assume_role = assume_role


def _check_duration(seconds: Any, role_arn: str, partition: str) -> None:
    role = identities.role_of_arn(role_arn, partition)
    if role is not None and seconds and int(seconds) > int(role.max_session_duration or _HOUR):
        raise AwsError(
            "ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )


def _statements(
    document: str | None, arns: Sequence[str], account_id: str | None, partition: str
) -> tuple[Statement, ...]:
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
    if len(arns) > _MOST_ARNS:
        raise AwsError(
            "ValidationError",
            "1 validation error detected: Value at 'policyArns' failed to satisfy constraint: Member must have length "
            f"less than or equal to {_MOST_ARNS}",
        )
    for arn in arns:
        policy = iam_backends[account_id][partition].managed_policies.get(arn) if account_id else None
        if policy is None:
            raise AwsError("MalformedPolicyDocument", f"Policy {arn} does not exist or is not attachable.")
        found += identities.statements_of(policy)
    return tuple(found)
