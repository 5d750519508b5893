"""The check of a state machine's role."""

from __future__ import annotations

from local_aws.iam import identities
from local_aws.moto_extension.errors import AwsError
from local_aws.policy_language.policies import Allowed, PermissionRequest, evaluate
from local_aws.policy_language.principals import Caller

_SERVICE = "states.amazonaws.com"


def check(role_arn: str, machine_arn: str) -> None:
    """Raise AccessDeniedException for a role of another account or one that does not trust the service.

    A role that its account does not have stands for a person with full access.
    """
    partition, account_id = machine_arn.split(":")[1], machine_arn.split(":")[4]
    if role_arn.split(":")[4:5] != [account_id]:
        raise AwsError("AccessDeniedException", "Cross-account pass role is not allowed.")
    role = identities.find_role(account_id, partition, role_arn.rpartition("/")[2])
    if role is None or role.arn != role_arn:
        return
    context = {"aws:sourceaccount": (account_id,), "aws:sourcearn": (machine_arn,)}
    request = PermissionRequest("sts:AssumeRole", role_arn, context, Caller("Service", frozenset({_SERVICE})))
    if not isinstance(evaluate(identities.trust_of(role), request), Allowed):
        raise AwsError(
            "AccessDeniedException",
            f"Neither the global service principal {_SERVICE}, nor the regional one is authorized to assume the "
            "provided role.",
        )
