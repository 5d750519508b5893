"""What is offered to one account, for whoever removes it."""

from collections.abc import Iterable

from drawbridge.intake.offers import OfferRecord, OfferRecords


def offers_of(records: OfferRecords, account_id: str, managed: Iterable[str]) -> tuple[OfferRecord, ...]:
    """Return what was added for an account to the services that are managed, and to whatever else was offered."""
    targets = sorted({*managed, *records.targets()})
    return tuple(
        record
        for target in targets
        for _, record in sorted(records.of(target).items())
        if record.account_id == account_id
    )
