"""IAM that is enforced: what a role may do is decided by its policies, on the resource and under the conditions.

- ``requirements``, ``reference``, ``rules``, ``calls``: what an AWS call needs, by the service authorization reference.
- ``dependents``, ``corrections``: what it needs beside, by the reference, and where the reference's copy is wrong.
- ``service_linked_roles``: the roles that the first such call makes.
- ``facts``, ``identities``: what moto knows of resources, roles and users.
- ``resource_policies``, ``sessions``: policies of resources, and of sessions.
- ``authorize``, ``policy_evaluation``, ``trust``, ``refusals``: the answer to a call.
- ``global_condition_keys``: the condition keys that every request has. ``role_credentials``: calls in a role's name.
- ``usage``: whether a role's policies are as narrow as what it did.
"""

from __future__ import annotations


def install() -> None:
    """Have AssumeRole keep session policies, and service-linked roles bear AWS's names; may be called again."""
    from local_aws.iam.service_linked_roles import name_as_aws_does  # noqa: PLC0415 - only the server needs moto
    from local_aws.iam.sessions import keep_session_policies  # noqa: PLC0415 - only the server needs moto

    name_as_aws_does()
    keep_session_policies()
