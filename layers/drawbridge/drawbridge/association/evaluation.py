"""What the bindings match in one share, and what comes of each resource."""

from msgspec import Struct

from drawbridge.association import DesiredAttachment
from drawbridge.decision import Because
from drawbridge.decision.facts import ResourceFacts
from drawbridge.lattice import Entity, MatchAttributes, Undescribed
from drawbridge.request.shares import Share, SharedResource
from drawbridge.status import Reason

MOST_KEPT = 100
"""Resources of one share whose facts and names are kept: an execution's history holds 25,000 events, and its row what
is kept of each."""


class Refusal(Struct, frozen=True, kw_only=True):
    """Why a candidate is not associated."""

    vpc_id: str = ""
    """Where it is not associated; empty where that does not matter."""
    reason: Reason


class Candidate(Struct, frozen=True, kw_only=True):
    """A resource that a binding matches, and what comes of it."""

    binding: str
    resource: Entity
    facts: ResourceFacts | None = None
    """What policies were asked about; ``None`` if they were not asked."""
    permitted_by: Because = ()
    """The statements that permit it."""
    associations: tuple[DesiredAttachment, ...] = ()
    refused: tuple[Refusal, ...] = ()


class Evaluation(Struct, frozen=True, kw_only=True):
    """All that the bindings match in one share."""

    share: Share
    arns: tuple[str, ...]
    """Of all that it holds."""
    visible: tuple[SharedResource, ...]
    """What it holds of VPC Lattice's."""
    candidates: tuple[Candidate, ...]
    described: tuple[Entity, ...]
    """Those of the visible that VPC Lattice describes by now."""
    observed_fingerprint: str
    """A fingerprint of all that the share holds; after a decision, of what it held when it was decided on."""
    undescribed: tuple[Undescribed, ...] = ()
    """Why it does not describe the others."""

    @property
    def contents(self) -> tuple[MatchAttributes, ...] | None:
        """What bindings match by; ``None`` if not all of it is described, or it is too much to keep."""
        undescribed = {resource.arn for resource in self.visible} - {each.arn for each in self.described}
        if undescribed or len(self.described) > MOST_KEPT:
            return None
        return tuple(MatchAttributes(name=each.name, type=each.type, owner=each.owner) for each in self.described)
