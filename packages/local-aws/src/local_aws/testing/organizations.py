"""Who is in which organization: no API makes an organization of accounts that there are already."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.services.organizations import membership


def arrange(management: str, accounts: Mapping[str, str], *, ram_sharing: bool) -> None:
    """Build an organization: accounts by id, each with the path of its organizational unit (``workloads/prod``).

    What was arranged before, and any organization that one of the accounts was in, is gone; with no accounts the
    management account is left alone. ``ram_sharing`` has AWS RAM share without invitations.
    """
    membership.arrange(management, accounts, ram_sharing=ram_sharing)
