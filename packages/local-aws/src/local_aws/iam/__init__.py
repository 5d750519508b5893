"""Enforcement of IAM: policies decide what a role may do, on which resource and under which conditions.

- ``requirements``, ``reference``, ``rules``, ``calls``: a call's permissions, by the service authorization reference.
- ``dependents``, ``corrections``: its dependent actions, and where the reference's copy is wrong.
- ``service_linked_roles``: the roles that the first call that needs them makes.
- ``facts``, ``identities``: data of resources, roles and users, from moto and the local AWS's services.
- ``resource_policies``, ``sessions``: policies of resources, and of sessions.
- ``authorize``, ``policy_evaluation``, ``trust``, ``refusals``: the decision on a call.
- ``global_condition_keys``: the condition keys that every request has. ``role_credentials``: calls with a role.
- ``usage``: whether a role's policies allow more than it used.
"""

from __future__ import annotations


def install() -> None:
    """Have AssumeRole keep session policies, and service-linked roles have AWS's names; harmless when done already."""
    from local_aws.iam.service_linked_roles import name_as_aws_does  # noqa: PLC0415 - only the server needs moto
    from local_aws.iam.sessions import keep_session_policies  # noqa: PLC0415 - only the server needs moto

    name_as_aws_does()
    keep_session_policies()
