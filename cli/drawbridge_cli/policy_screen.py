"""Printing policies, decisions and simulations."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct

from drawbridge.approval.ask import ApprovalRecord
from drawbridge.approval.outcomes import outcome_text
from drawbridge.decision.delayed import DELAYED
from drawbridge.decision.let_in import APPROVED, DENIED
from drawbridge.legible import legible
from drawbridge.record.entry import Entry
from drawbridge_cli.cases import CaseResult
from drawbridge_cli.cases import outcome_text as policy_outcome_text
from drawbridge_cli.explanation import Explanation, lines_of
from drawbridge_cli.policy_changes import PolicyChanges
from drawbridge_cli.reason_screen import reason_text
from drawbridge_cli.request_status import Known, Until
from drawbridge_cli.screen import say, show_table
from drawbridge_cli.simulation import Simulation
from drawbridge_cli.status_screen import since_text, standing
from drawbridge_cli.turns import WhoseTurn
from drawbridge_cli.urgency import Urgency


def show_result(result: CaseResult) -> None:
    """Print the result of a case."""
    if result.wrong:
        say(f"FAIL  {result.file}: {result.name}", "bad")
        say(f"      {result.wrong}")
    else:
        after = f": {policy_outcome_text(result.outcome, result.delay)}" if result.delay else ""
        say(f"ok    {result.file}: {result.name}{after}")


def show_known(known: Known, now: datetime) -> None:
    """Print what the ledger knows of a request, and how it stands."""
    entry, status = known.entry, known.status
    say(f"{entry.request_id}", "title")
    say(f"{since_text(status)}, attempt {entry.attempt}; asked for by {entry.account_id}")
    say(f"about {entry.subject}")
    for reason in entry.reasons:
        say(f"  {reason_text(reason)}")
    _show_let_in(entry)
    if status.waiting_for is not WhoseTurn.NOBODY:
        say(f"It {standing(status, now)}.", "doubtful")
    if entry.deadline and status.until_what is not Until.EXPIRES:
        say(f"Its invitation expires at {entry.deadline}, if nobody lets it in by then.", "doubtful")
    if entry.no_longer_permitted and status.urgency not in {Urgency.KEPT, Urgency.ANNOUNCED}:
        say("It was let in, and the policies in force would not let it in any more.", "doubtful")
    if entry.commanded is not None:
        say(entry.commanded.reason.text, "doubtful")
    if entry.decision_record is not None:
        decided = entry.decision_record
        by = ", ".join(decided.determined_by) or "no policy"
        say(f"decided {decided.at:%Y-%m-%d %H:%M:%S} UTC: {decided.outcome}, by {by}; policies {decided.policies}")


def _show_let_in(entry: Entry) -> None:
    """Print who or what let it in, and why it would not be let in any more."""
    if entry.let_in is not None and not entry.status.is_over:
        say(f"let in at {entry.let_in.at:%Y-%m-%d %H:%M} UTC")
        for line in lines_of(entry.let_in.because):
            say(f"  {line}")
    for reason in entry.kept:
        if reason not in entry.reasons:
            say(f"  not let in {'yet' if reason.code == DELAYED else 'any more'}: {lines_of((reason,))[0]}", "doubtful")
    _show_people(entry)


def _show_people(entry: Entry) -> None:
    """Print who approved or denied it earlier, as far as that was not said yet."""
    said = {*entry.reasons, *entry.kept, *(entry.let_in.because if entry.let_in else ())}
    texts = {each.text for each in said}
    for visit in entry.history:
        for reason in visit.reasons:
            if reason.code in _OF_PEOPLE and reason.text not in texts:
                texts.add(reason.text)
                say(f"  at {visit.at}, attempt {visit.attempt}: {lines_of((reason,))[0]}")


_OF_PEOPLE = frozenset({APPROVED, DENIED})


def show_question(record: ApprovalRecord) -> None:
    """Print who has answered, or approved so far."""
    if record.approval is not None:
        say(f"Asked, and {outcome_text(record.approval)} The next sweep goes on by that.", "doubtful")
    elif record.approved_by:
        by = " and ".join(map(legible, record.approved_by))
        say(f"Approved so far by {by}; a second person has to approve too.", "doubtful")


_MARKS = {"permitted": "good", "forbidden": "bad", "in doubt": "doubtful", "not permitted": "aside"}


def show_explanation(explanation: Explanation, by: str) -> None:
    """Print the answer for each action, and the facts."""
    say(f"{policy_outcome_text(explanation.outcome, explanation.delay)}, {by}", "title")
    for each in explanation.considered:
        say(f"  {each.action:<12} {each.answer}", _MARKS[each.answer])
        for line in lines_of(each.because):
            say(f"               {line}")
    for line in lines_of(explanation.unavailable):
        say(f"  unknown: {line}", "doubtful")
    say("facts", "title")
    for name, value in _flat(explanation.facts):
        say(f"  {name:<32} {value}")


def _flat(value: Any, path: str = "") -> list[tuple[str, str]]:
    """Return all values, each with its path; empty ones are left out, unknown ones are not."""
    if isinstance(value, Struct):
        named = zip(value.__struct_encode_fields__, value.__struct_fields__, strict=True)
        return _flat({label: getattr(value, name) for label, name in named}, path)
    if isinstance(value, Mapping):
        return [line for key, each in value.items() for line in _flat(each, f"{path}.{key}" if path else str(key))]
    if isinstance(value, tuple) and any(isinstance(each, Struct) for each in value):
        return [line for number, each in enumerate(value) for line in _flat(each, f"{path}[{number}]")]
    if isinstance(value, tuple | frozenset):
        value = ", ".join(sorted(value) if isinstance(value, frozenset) else value)
    if value is None and path.rpartition(".")[2] in _UNKNOWN_IF_NONE:
        value = "unknown"
    return [] if value in ("", None) else [(legible(path), legible(str(value), _LONGEST))]


_LONGEST = 10_000
_UNKNOWN_IF_NONE = frozenset({"tags", "shareTags", "contents"})


def show_changes(plan: PolicyChanges) -> None:
    """Print what would be written and removed."""
    for mark, names in (("new", plan.new), ("changed", plan.changed), ("removed", plan.to_remove)):
        for name in names:
            say(f"{mark:<9}{name}")
    say(f"{len(plan.same)} of the files are in force as they are; {len(plan.others)} others stay")


def show_simulation(simulation: Simulation, since: str) -> None:
    """Print which outcomes would change, and why."""
    say()
    of = "" if since == "all" else f" of the last {since}"
    say(f"{simulation.replayed} decisions{of}, made again on the facts that the ledger keeps", "title")
    if simulation.totals:
        rows = [(outcome, str(now), str(then)) for outcome, (now, then) in simulation.totals.items()]
        show_table(("outcome", "now", "then"), rows)
    if simulation.not_replayed:
        say(
            f"{len(simulation.not_replayed)} requests can't be decided again: the ledger keeps no facts of them",
            "doubtful",
        )
    for change in simulation.changes:
        say()
        say(f"{change.request_id} ({change.status}) of {change.account_id}: {change.now} -> {change.then}", "doubtful")
        if change.subject not in change.request_id:
            say(f"  {change.subject}")
        for when, because in (("now", change.why_now), ("then", change.why_then)):
            for line in lines_of(because):
                say(f"  {when:<5} {line}")
    if not simulation.changes and not simulation.shares:
        say("Nothing would come out otherwise.")
