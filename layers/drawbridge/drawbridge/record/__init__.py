"""Record: the status that a request reaches, for the ledger and for the bus."""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from drawbridge.association.plan_inputs import PlanInputs
from drawbridge.decision import Because, Delayed
from drawbridge.decision.decision_record import AssociationDecisionRecord, DecisionRecord
from drawbridge.decision.let_in import LetIn
from drawbridge.lattice import MatchAttributes
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request.fingerprints import GONE_FINGERPRINT
from drawbridge.status import Reason, Status


class Outcome(Struct, frozen=True, kw_only=True):
    """A status that a request reaches, why, and whether the attempt ends there."""

    status: Status
    reasons: tuple[Reason, ...]
    settled: bool
    published: tuple[str, ...] = ()
    """The full names of the parameters that hold the published names."""
    decided_by: tuple[Reason, ...] = ()
    """Why the request was accepted or rejected; kept in the row when later statuses have reasons of their own."""
    taken_back: tuple[str, ...] = ()
    """Parameters that were removed again."""
    attachments: tuple[AttachmentSnapshot, ...] | None = msgspec.field(default=None, name="ways")
    """How the associations were left; ``None`` leaves the row's as they are."""
    incomplete: bool = False
    """Whether something desired was refused."""
    decision_record: DecisionRecord | None = msgspec.field(default=None, name="grounds")
    """The record from which the decision can be explained and made again."""
    association_decision_record: AssociationDecisionRecord | None = msgspec.field(
        default=None, name="association_grounds"
    )
    let_in: LetIn | None = None
    """What is let in from now on; ``None`` leaves the row's as it is."""
    kept: Because | None = None
    """Of what is live and kept: why it would not be let in. Empty if it is not kept; ``None`` leaves the row's."""
    delayed: Delayed | UnsetType | None = UNSET
    """When it is let in, where that is only a matter of time; ``None`` if it is not, and unset leaves the row's."""
    cut: tuple[str, ...] = ()
    """What there was no room for, in sentences."""
    basis: "OutcomeBasis | None" = None
    """What the outcome rests on, where that may differ from what discovery observed when the attempt started."""


class OutcomeBasis(Struct, frozen=True, kw_only=True):
    """What an outcome rests on: fingerprints, of which an empty one leaves the row's as it is, and other inputs."""

    observed_fingerprint: str = msgspec.field(default="", name="seen")
    bindings_fingerprint: str = msgspec.field(default="", name="wanted")
    matching_bindings_fingerprint: str = msgspec.field(default="", name="matched")
    decision_fingerprint: str = msgspec.field(default="", name="permitted")
    contents: tuple[MatchAttributes, ...] | UnsetType | None = UNSET
    """What a share holds; ``None`` if it is not known."""
    inputs: PlanInputs = PlanInputs()
    """What else a plan rests on."""


GONE = OutcomeBasis(observed_fingerprint=GONE_FINGERPRINT)
"""AWS lists nothing any longer: whatever it lists later is something new."""
