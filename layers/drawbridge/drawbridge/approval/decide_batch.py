"""Deciding on many requests: each is decided as it would be alone, by facts and policies that are read together."""

from collections.abc import Callable, Collection

import msgspec

from drawbridge.approval.decide_request import DecisionPorts
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.gather_batch import BatchReads, gather_batch
from drawbridge.decision.read_once import ReadOnce
from drawbridge.decision.recorded import BatchLedger, SharedLedger
from drawbridge.request import ExecutionInput


def ports_of_batch(
    executions: Collection[ExecutionInput], ports: DecisionPorts, reads: BatchReads, ledger: BatchLedger
) -> DecisionPorts:
    """Return ports by which each of these may be decided on once; what people configure is read once for all."""
    return msgspec.structs.replace(
        ports,
        gatherer=gather_batch([each.request for each in executions], reads),
        ledger=SharedLedger({each.request_id for each in executions}, ledger),
        policies=ReadOnce(ports.policies),
        bindings=ReadOnce(ports.bindings),
        approvers=ReadOnce(ports.approvers),
    )


def at_one_time(evaluation_time: Callable[[], EvaluationTime]) -> Callable[[], EvaluationTime]:
    """Return the time of a batch: now, before anything of it is read, for all of it."""
    now = evaluation_time()
    return lambda: now
