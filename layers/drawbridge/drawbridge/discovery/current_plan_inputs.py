"""What plans rest on besides what a share holds and what is configured, as AWS lists it at one sweep."""

from collections.abc import Collection

from drawbridge.association.account_inventory import AccountInventory, inputs_of, relevant_bindings
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.discovery.configuration import AssociationConfiguration
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.request.shares import SharedResource


class CurrentPlanInputs:
    """Compares what the last plans rested on with what there is now; each listing is shared by all rows."""

    def __init__(self, associations: AssociationConfiguration, inventory: AccountInventory) -> None:
        self._associations = associations
        self._inventory = inventory

    def inputs(
        self, provider: str, share_name: str, lattice_contents: Collection[SharedResource], row: LedgerRow
    ) -> PlanInputs:
        """Return what a plan of the share would rest on."""
        # Broken bindings might match too: a plan takes what the share holds for unknown then.
        bindings = self._associations.bindings
        contents = None if bindings.broken else row.contents
        matter = relevant_bindings(bindings, provider, share_name, contents)
        return inputs_of(matter, lattice_contents, self._inventory, dict(self._associations.quotas.things))
