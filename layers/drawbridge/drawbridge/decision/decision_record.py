"""The record of a decision, kept in the ledger, so that it can be explained and made again."""

from datetime import datetime

import msgspec
from msgspec import Struct

from drawbridge.decision.facts import EvaluationTime, Fact, Facts, ResourceFacts


class DecisionRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """What a decision on a request rested on."""

    outcome: str
    at: datetime
    zone: str
    """The time zone in which policies read the clock."""
    policies: str
    """The version of the policies: a fingerprint of the names and texts of all that were in force."""
    determined_by: tuple[str, ...]
    """The policies whose statements determined it, each ``name@version`` as Parameter Store counts versions."""
    facts: Facts
    fingerprint: str
    """SHA-256 of facts, policies and outcome: the same facts and policies give the same."""
    unkept: tuple[Fact, ...] = ()
    """What was known and is not kept, because there was no room: it is unknown here, and may be as it was."""

    @property
    def evaluation_time(self) -> EvaluationTime:
        return EvaluationTime(self.at, self.zone)

    def keeping(self, facts: Facts) -> "DecisionRecord":
        """Return the same with fewer facts, and what is not kept of them."""
        unkept = {*self.unkept, *(facts.unknown - self.facts.unknown)}
        return msgspec.structs.replace(self, facts=facts, unkept=tuple(sorted(unkept)))


class AssociationDecisionRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """What the decisions on the resources of a share rested on."""

    at: datetime
    zone: str
    resources: tuple[ResourceFacts, ...]
    """Those that a binding wanted."""

    @property
    def evaluation_time(self) -> EvaluationTime:
        return EvaluationTime(self.at, self.zone)
