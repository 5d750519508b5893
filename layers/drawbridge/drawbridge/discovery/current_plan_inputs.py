"""What plans rest on besides what a share holds and what is configured, as AWS lists it at one sweep."""

from collections.abc import Collection
from typing import Protocol

from msgspec import UnsetType

from drawbridge.association.account_inventory import AccountInventory, inputs_of, relevant_bindings
from drawbridge.association.binding import Binding
from drawbridge.association.owned_object import OwnedObject
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.configuration import InForce
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.errors import AccessDeniedError, GoneError
from drawbridge.request.shares import SharedResource


class ExistingObjects(Protocol):
    """The objects of Drawbridge that still exist."""

    def has(self, made: OwnedObject) -> bool:
        """Return whether the object exists.

        Raises:
            GoneError: the service network that it is of is not there.
            AccessDeniedError: AWS does not show what is in that network.
        """
        ...


class CurrentPlanInputs:
    """Compares what the last plans rested on with what there is now; each listing is shared by all rows."""

    def __init__(
        self,
        bindings: InForce[Binding],
        quotas: InForce[tuple[str, int]],
        inventory: AccountInventory,
        existing: ExistingObjects,
    ) -> None:
        self._existing = existing
        self._bindings = bindings
        self._quotas = dict(quotas.things)
        self._inventory = inventory

    def left_behind(self, row: LedgerRow) -> tuple[OwnedObject, ...] | None:
        """Return what still exists of what a row lists as left behind; ``None`` if it has no such list."""
        if row.left_behind is None:
            return None
        # What can't be read is no list: compared with none, it differs, and the next attempt writes it anew.
        return () if isinstance(row.left_behind, UnsetType) else tuple(filter(self._may_exist, row.left_behind))

    def _may_exist(self, made: OwnedObject) -> bool:
        try:
            return self._existing.has(made)
        except (GoneError, AccessDeniedError):
            # A network that is not shared any longer, or that AWS does not show: what is in it is unknown.
            return True

    def inputs(
        self, provider: str, share_name: str, lattice_contents: Collection[SharedResource], row: LedgerRow
    ) -> PlanInputs:
        """Return what a plan of the share would rest on."""
        # Broken bindings might match too: a plan takes what the share holds for unknown then.
        contents = None if self._bindings.broken else row.contents
        matter = relevant_bindings(self._bindings, provider, share_name, contents)
        return inputs_of(matter, lattice_contents, self._inventory, self._quotas)
