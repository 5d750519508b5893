"""Delays without effect: what a permit with ``@delay`` lets in later, another one lets in sooner, whatever asks."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from cedarpy import pst
from msgspec import Struct

from drawbridge.decision.delay import delay_text
from drawbridge.decision.policies import Policy, Statement, permits_accept


class IdleDelay(Struct, frozen=True):
    """A permit whose delay has no effect."""

    statement: Statement
    sooner: Statement
    """One that permits whatever it permits, and delays it less, or not at all."""

    def __str__(self) -> str:
        delay, other = self.statement.delay or timedelta(), self.sooner
        when = f"after {delay_text(other.delay)} already" if other.delay else "at once"
        return (
            f"@delay({delay_text(delay)}) has no effect: {other.id} (policy {other.policy}, line {other.line}) permits "
            f"whatever this permits {when}, and the shortest delay counts"
        )


def idle_delays(policies: Sequence[Policy]) -> Iterator[IdleDelay]:
    """Yield the permits whose delay can be seen to have no effect, each with one that permits the same sooner."""
    permits = [each for policy in policies for each in policy.statements if permits_accept(each.cedar)]
    for delayed in permits:
        if delayed.delay:
            sooner = (
                each for each in permits if _is_sooner(each, delayed) and _permits_all_of(each.cedar, delayed.cedar)
            )
            yield from (IdleDelay(delayed, each) for each in [*sooner][:1])


def _is_sooner(one: Statement, other: Statement) -> bool:
    return (one.delay or timedelta()) < (other.delay or timedelta())


def _permits_all_of(one: pst.Template, other: pst.Template) -> bool:
    """Return whether one permits whatever the other permits, as is plain from the text: never, where it is in doubt.

    A condition that is the same holds wherever the other's does.
    """
    is_within = _is_within(other.principal, one.principal) and _is_within(other.resource, one.resource)
    return is_within and all(each in other.clauses for each in one.clauses)


def _is_within(scope: Any, wider: Any) -> bool:
    return isinstance(wider, pst.ScopeAny) or bool(scope == wider)
