"""The record of a decision, kept in the ledger, so that it can be explained and made again."""

from datetime import datetime

import msgspec
from msgspec import Struct

from drawbridge.decision.facts import EvaluationTime, Fact, Facts, ResourceFacts


class DecisionRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """The outcome of a decision on a request, and what it rested on."""

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
    """Facts that were known and are not kept, for lack of room: unknown here, though they may not have changed."""

    @property
    def evaluation_time(self) -> EvaluationTime:
        return EvaluationTime(self.at, self.zone)

    def keeping(self, facts: Facts) -> "DecisionRecord":
        """Return the same record with fewer facts, and ``unkept`` extended by those that are missing."""
        unkept = {*self.unkept, *(facts.unknown - self.facts.unknown)}
        return msgspec.structs.replace(self, facts=facts, unkept=tuple(sorted(unkept)))


class AssociationDecisionRecord(Struct, frozen=True, kw_only=True, rename="camel"):
    """The facts on which the resources of a share were decided."""

    at: datetime
    zone: str
    resources: tuple[ResourceFacts, ...]
    """Of the resources that a binding matches."""
    determined_by: tuple[str, ...] = ()
    """The policies whose statements permitted the associations, by their names; earlier versions kept none."""

    @property
    def evaluation_time(self) -> EvaluationTime:
        return EvaluationTime(self.at, self.zone)
