"""Causes: why accounts leave a share, by their entries and by what is on record of removals."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

from drawbridge.decision.registration import Registration
from drawbridge.intake.offering.leaving import LeavingCause
from drawbridge.intake.offering.offers import OfferRecord


class RemovalCommands(Protocol):
    """Which removals of consumers were commanded, by a person or an event."""

    def commanded(self) -> Mapping[str, datetime]:
        """Return when the last removal of each account was, by whosever clock; one by hand is on no record."""
        ...


class CausesOfLeaving:
    """Tells why accounts leave."""

    def __init__(self, commands: RemovalCommands) -> None:
        self._commands = commands

    def removals(self) -> Mapping[str, datetime]:
        """Return the last removal of each account."""
        return self._commands.commanded()

    def of(self, records: Collection[OfferRecord], entries: Mapping[str, Registration]) -> dict[str, LeavingCause]:
        """Return why each account leaves; ``entries`` are those that they have, read before this is asked.

        A removal that was on record before the account was put into the share was that of an earlier entry. That is
        told by which it was: clocks differ.
        """
        without = [each for each in records if each.account_id not in entries]
        commanded = self._commands.commanded() if without else {}
        causes = dict.fromkeys((each.principal for each in records), LeavingCause.OTHER_TIER)
        for each in without:
            at = commanded.get(each.account_id)
            is_commanded = at is not None and at != each.after_removal
            causes[each.principal] = LeavingCause.COMMANDED if is_commanded else LeavingCause.NO_ENTRY
        return causes
