"""What is offered to an account that is removed: read, printed, and returned as documents for programs."""

from typing import Any

from drawbridge.errors import DrawbridgeError
from drawbridge.intake.offering.account_offers import AccountOffers, offers_of
from drawbridge.intake.offering.offers import OfferRecord
from drawbridge.legible import legible
from drawbridge_cli.screen import complain, say
from drawbridge_cli.stack import Stack


def offers_to(stack: Stack, account: str) -> AccountOffers | None:
    """Return what is offered to an account; ``None`` if that can't be read, which is complained of."""
    if not stack.offers:
        return AccountOffers()
    try:
        return offers_of(
            stack.offers, account, managed=stack.managed_services(), offered_shares=lambda: _offered_shares(stack)
        )
    except DrawbridgeError as error:
        # It is only shown: whoever has trouble keeps nobody from being removed.
        complain(f"what is offered to {account} goes too, as far as it is managed still, and can't be shown: {error}")
        return None


def _offered_shares(stack: Stack) -> set[str]:
    from drawbridge.aws.offered_shares import OfferedSharesOfRam  # noqa: PLC0415 - only where there are shares

    return {each.arn for each in OfferedSharesOfRam(stack.client("ram")).offered()}


def show_offers(offers: AccountOffers | None) -> None:
    """Print what goes with an entry, and complain of what stays."""
    if offers is None:
        return
    for each in offers.going:
        say(f"- {_name(each)} {_goes(each)}", "bad")
    for each in offers.staying:
        complain(f"{_name(each)} {_stays(each)}")


def offer_documents(offers: AccountOffers | None) -> list[dict[str, Any]] | None:
    """Return what is offered for programs; ``None`` if that is not known."""
    if offers is None:
        return None
    return [
        {"target": each.target, "principal": each.principal, "offered_at": each.offered_at, "stays": stays}
        for stays, there in ((False, offers.going), (True, offers.staying))
        for each in there
    ]


def _name(offer: OfferRecord) -> str:
    return f"{legible(offer.target)}: {legible(offer.principal)}"


def _goes(offer: OfferRecord) -> str:
    if not offer.is_of_share:
        return "is not allowed to find it any longer"
    left = "has left the share" if offer.is_out else "is taken out of the share"
    return f"{left}, and what it has associated of it is deleted"


_IS_DELETED = "if it is deleted, a sweep that looks for orphans forgets it"


def _stays(offer: OfferRecord) -> str:
    if offer.is_out:
        return (
            "has left the share, and what it has associated of it stays: the share is not tagged drawbridge:offer any "
            "longer, so that Drawbridge leaves it as it is; tag it again, or delete the associations"
        )
    if offer.is_of_share:
        return (
            "stays in the share: it is not tagged drawbridge:offer any longer, so that Drawbridge leaves it as it is; "
            f"tag it again, or take the account out in RAM; {_IS_DELETED}"
        )
    return (
        "stays allowed: the service is not managed any longer, so that Drawbridge leaves it as it is; tag the service "
        f"drawbridge:managed = true again, or take the permission away in EC2; {_IS_DELETED}"
    )
