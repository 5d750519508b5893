"""Membership of organizations, for which AWS's API would need invitations."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.services.organizations import membership


def arrange(management: str, accounts: Mapping[str, str], *, ram_sharing: bool) -> None:
    """Build an organization: accounts by id, each with the path of its organizational unit (``workloads/prod``).

    It replaces earlier organizations that were built so, and any that one of the accounts was in; without accounts the
    management account is alone. With ``ram_sharing`` AWS RAM shares without invitations.
    """
    membership.arrange(management, accounts, ram_sharing=ram_sharing)
