"""What is offered to one account, for whoever removes it."""

from collections.abc import Callable, Collection

from msgspec import Struct

from drawbridge.intake.offering.offers import OfferRecord, OfferRecords


class AccountOffers(Struct, frozen=True, kw_only=True):
    """What was added for one account, and may be there."""

    going: tuple[OfferRecord, ...] = ()
    """What is taken back once its entry is gone."""
    staying: tuple[OfferRecord, ...] = ()
    """What stays: its service is not managed any longer, or its share is tagged as an offer no longer."""


def offers_of(
    records: OfferRecords, account_id: str, *, managed: Collection[str], offered_shares: Callable[[], Collection[str]]
) -> AccountOffers:
    """Return what was added for an account, by services and shares. What AWS refused never was.

    ``managed`` has the ids of the services that are looked after. ``offered_shares`` returns the ARNs of the shares
    that are offers; it is asked only where that matters.
    """
    found = [
        record
        for target in sorted({*managed, *records.targets()})
        for _, record in sorted(records.of(target).items())
        if record.account_id == account_id and record.refused_at is None
    ]
    looked_after = {*managed, *(offered_shares() if any(each.is_of_share for each in found) else ())}
    return AccountOffers(
        going=tuple(each for each in found if each.target in looked_after),
        staying=tuple(each for each in found if each.target not in looked_after),
    )
