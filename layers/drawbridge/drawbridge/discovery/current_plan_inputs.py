"""What plans rest on besides what a share holds and what is configured, as AWS lists it at one sweep."""

from collections.abc import Collection

from drawbridge.association.account_inventory import AccountInventory, inputs_of, relevant_bindings
from drawbridge.association.binding import Binding
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.configuration import InForce
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request.shares import SharedResource


class CurrentPlanInputs:
    """Compares what the last plans rested on with what there is now; each listing is shared by all rows."""

    def __init__(
        self,
        bindings: InForce[Binding],
        quotas: InForce[tuple[str, int]],
        inventory: AccountInventory,
    ) -> None:
        self._bindings = bindings
        self._quotas = dict(quotas.things)
        self._inventory = inventory

    def inputs(
        self, provider: str, share_name: str, lattice_contents: Collection[SharedResource], row: LedgerRow
    ) -> PlanInputs:
        """Return what a plan of the share would rest on."""
        # Broken bindings might match too: a plan takes what the share holds for unknown then.
        contents = None if self._bindings.broken else row.contents
        matter = relevant_bindings(self._bindings, provider, share_name, contents)
        return inputs_of(matter, lattice_contents, self._inventory, self._quotas)
