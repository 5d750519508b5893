"""Record: the status that a request reaches, for the ledger and for the bus."""

from msgspec import UNSET, Struct, UnsetType

from drawbridge.association.made import Made
from drawbridge.association.plan_inputs import Inputs
from drawbridge.decision import Because
from drawbridge.decision.grounds import AssociationGrounds, Grounds
from drawbridge.decision.let_in import LetIn
from drawbridge.lattice import Matchable
from drawbridge.publication import Way
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
    ways: tuple[Way, ...] | None = None
    """How the associations were left; ``None`` says nothing."""
    incomplete: bool = False
    """Whether something was wanted and refused."""
    grounds: Grounds | None = None
    """What the decision rested on, from which it can be explained and made again."""
    association_grounds: AssociationGrounds | None = None
    let_in: LetIn | None = None
    """What is let in from now on; ``None`` says nothing."""
    kept: Because | None = None
    """Why it would not be let in, of what is live and kept; empty for what is not kept, and ``None`` says nothing."""
    cut: tuple[str, ...] = ()
    """What of it there was no room for, in sentences."""
    basis: "Basis | None" = None
    """What the outcome was come to from, where that may differ from what discovery saw when the attempt started."""


class Basis(Struct, frozen=True, kw_only=True):
    """What an outcome was come to from: digests, of which an empty one says nothing, and what is known beside them."""

    seen: str = ""
    wanted: str = ""
    matched: str = ""
    permitted: str = ""
    contents: tuple[Matchable, ...] | UnsetType | None = UNSET
    """What a share holds; ``None`` where that is not known."""
    inputs: Inputs = Inputs()
    """What else a plan rests on."""
    left: tuple[Made, ...] | None = None
    """What is left behind; ``None`` says nothing."""


GONE = Basis(seen="gone")
"""AWS lists nothing any longer: whatever it lists later is something new."""
