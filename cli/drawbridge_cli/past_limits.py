"""What gives first as there is more and more of it: limits of AWS that what the ledger follows comes near."""

from collections.abc import Iterable

from drawbridge.intake.offering.quotas import ACCOUNT, QuotaUsage
from drawbridge.record.entry import Entry

STANDARD_PARAMETERS = 10_000
"""Of an account and Region (AWS General Reference, "AWS Systems Manager endpoints and quotas").

A name that is published has two: ``dns-name`` and ``connection``.
"""


def usages_of_ledger(entries: Iterable[Entry]) -> tuple[QuotaUsage, ...]:
    """Return how much of AWS's limits is used by what the ledger follows, as far as that is near."""
    parameters = sum(len(each.published) for each in entries)
    usage = QuotaUsage(
        of=ACCOUNT,
        counted="standard parameters",
        used=parameters,
        called_for=parameters,
        limit=STANDARD_PARAMETERS,
        source="by default",
        otherwise=(
            "take down connections that nobody uses, delete parameters of others, or have new providers and consumers "
            "meet in another account or Region: at the limit nothing more is published"
        ),
        is_at_least=True,
    )
    return (usage,) if usage.is_near else ()
