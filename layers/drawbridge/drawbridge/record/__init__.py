"""Record: the status that a request reaches, for the ledger and for the bus."""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from drawbridge.association.owned_object import OwnedObject
from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision import Because
from drawbridge.decision.decision_record import AssociationDecisionRecord, DecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.lattice import MatchAttributes
from drawbridge.publication import AttachmentSnapshot
from drawbridge.status import Reason, Status


class Outcome(Struct, frozen=True, kw_only=True):
    """A status that a request reaches, why, and whether the attempt ends there."""

    status: Status
    reasons: tuple[Reason, ...]
    settled: bool
    published: tuple[str, ...] = ()
    """The parameters that hold the names, by their full names."""
    decided_by: tuple[Reason, ...] = ()
    """What let the request in or turned it away; kept in the row when later statuses have reasons of their own."""
    taken_back: tuple[str, ...] = ()
    """Parameters that were removed again."""
    attachments: tuple[AttachmentSnapshot, ...] | None = msgspec.field(default=None, name="ways")
    """How the associations were left; ``None`` says nothing."""
    incomplete: bool = False
    """Whether something was wanted and refused."""
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    """What the decision rested on, from which it can be explained and made again."""
    association_decision_record: AssociationDecisionRecord | None = msgspec.field(
        default=None, name="association_grounds"
    )
    let_in: LetIn | None = None
    """What is let in from now on; ``None`` says nothing."""
    kept: Because | None = None
    """Why it would not be let in, of what is live and kept; empty for what is not kept, and ``None`` says nothing."""
    cut: tuple[str, ...] = ()
    """What of it there was no room for, in sentences."""
    basis: "OutcomeBasis | None" = None
    """What the outcome was come to from, where that may differ from what discovery saw when the attempt started."""


class OutcomeBasis(Struct, frozen=True, kw_only=True):
    """What an outcome was come to from: digests, of which an empty one says nothing, and what is known beside them."""

    observed_fingerprint: str = msgspec.field(default="", name="seen")
    bindings_fingerprint: str = msgspec.field(default="", name="wanted")
    matching_bindings_fingerprint: str = msgspec.field(default="", name="matched")
    decision_fingerprint: str = msgspec.field(default="", name="permitted")
    contents: tuple[MatchAttributes, ...] | UnsetType | None = UNSET
    """What a share holds; ``None`` where that is not known."""
    inputs: PlanInputs = PlanInputs()
    """What else a plan rests on."""
    left_behind: tuple[OwnedObject, ...] | None = msgspec.field(default=None, name="left")
    """What is left behind; ``None`` says nothing."""


GONE = OutcomeBasis(observed_fingerprint="gone")
"""AWS lists nothing any longer: whatever it lists later is something new."""
