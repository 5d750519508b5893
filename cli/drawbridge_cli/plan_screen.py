"""How what would be done looks on the screen, and to programs."""

from collections.abc import Iterable, Sequence
from typing import Any

from drawbridge.association.attachment_document import document_of
from drawbridge.association.made import Made
from drawbridge.association.steps import Await, Step, Stuck
from drawbridge.legible import legible
from drawbridge.publication.names import binding_path, connection_path
from drawbridge.publication.plan import Change, NamePlan
from drawbridge.status import Reason
from drawbridge_cli.ahead import Ahead, Way, unknown_places, ways_of
from drawbridge_cli.refusals import what_to_do
from drawbridge_cli.screen import say
from drawbridge_cli.step_documents import step_document

_SIGNS = {
    Change.NEW: ("+ publish", "good"),
    Change.CHANGED: ("~ rewrite", "doubtful"),
    Change.GONE: ("- take back", "bad"),
    Change.REFUSED: ("! can't publish", "bad"),
    Change.SAME: ("  published", "aside"),
}


def show_ahead(aheads: Sequence[Ahead], prefix: str) -> None:
    """Tell what would be done for each share, and leave out what is as wanted."""
    for each in aheads:
        if each.is_as_wanted:
            continue
        say(f"{legible(each.share.name)} ({each.share.arn}) of {each.share.owner}", "title")
        say(f"  {_standing(each)}")
        if each.not_ready:
            say(f"  not ready: {legible(each.not_ready)}", "doubtful")
        for way in each.ways:
            if not way.is_as_wanted:
                show_way(way, prefix)
        for reason in each.refused:
            show_refusal(reason)
        say()


def show_way(way: Way, prefix: str) -> None:
    """Tell what is to be done for one association."""
    by = f"; permitted by {', '.join(way.permitted_by)}" if way.permitted_by else ""
    say(f"  {legible(way.wanted.name)}")
    say(f"    wanted by binding {way.wanted.binding}, mode {way.wanted.mode}{by}", "aside")
    for step in way.steps:
        sign, mark = _sign(step)
        say(f"    {sign} {step}", mark)
    if way.steps and not way.names and not any(isinstance(step, Stuck) for step in way.steps):
        say(f"    + then publish {_where(way, prefix)}", "good")
    for name in way.changes:
        show_name(name)
    for arn in way.pending:
        say(f"    . wait until {arn} has a name", "doubtful")


def show_name(name: NamePlan) -> None:
    """Tell what becomes of a published name."""
    sign, mark = _SIGNS[name.change]
    value = f": {name.dns_name}" if name.change in {Change.NEW, Change.SAME} else ""
    say(f"    {sign} {name.path}/dns-name{value}", mark)
    for why in name.why:
        say(f"        {why}")


_LONGEST = 2000


def show_refusal(reason: Reason) -> None:
    """Tell why something is not associated, and what to do."""
    of = f" {reason.source}:" if reason.source else ""
    say(f"  refused{of} {legible(reason.text, _LONGEST)} [{reason.code}]", "doubtful")
    if todo := what_to_do(reason):
        say(f"    to do: {todo}")


def show_left_behind(left: Iterable[Made], title: str = "left behind") -> None:
    """Tell what Drawbridge made and nothing calls for any longer."""
    for each in left:
        of = f" of binding {each.binding}" if each.binding else ""
        say(f"{title}{of}: {each}", "doubtful")


def show_unknown(aheads: Sequence[Ahead]) -> None:
    """Tell of which accounts it is not known where they stand: policies may come to something else because of it."""
    unknown = unknown_places([*aheads])
    if unknown:
        say(
            f"Organizations did not tell where these accounts stand: {', '.join(unknown)}. Wherever a policy speaks of "
            "that, it counts against them. Drawbridge itself may know more than you may ask.",
            "doubtful",
        )


def summary(aheads: Sequence[Ahead], left: Sequence[Made]) -> str:
    """Say in one line what it comes to."""
    ways = [*ways_of([*aheads])]
    refused = sum(len(each.refused) for each in aheads)
    also = f"; {refused} wanted and refused" if refused else ""
    also += f"; {len(left)} left behind" if left else ""
    if all(each.is_at_rest for each in aheads):
        return f"Nothing to do{also or ': everything is as wanted'}."
    to_do = [step for way in ways for step in way.steps]
    changes = [name.change for way in ways for name in way.names]
    waits = sum(isinstance(step, Await) for step in to_do) + sum(len(way.pending) for way in ways)
    numbers = {
        ("step", "steps"): sum(not isinstance(step, Await | Stuck) for step in to_do),
        ("name to write", "names to write"): sum(each in {Change.NEW, Change.CHANGED} for each in changes),
        ("name to take back", "names to take back"): changes.count(Change.GONE),
        ("to wait for", "to wait for"): waits + sum(bool(each.not_ready) for each in aheads),
        ("stuck", "stuck"): sum(isinstance(step, Stuck) for step in to_do) + changes.count(Change.REFUSED),
    }
    told = ", ".join(f"{number} {one if number == 1 else more}" for (one, more), number in numbers.items() if number)
    return f"{told}{also}."


def documents(aheads: Iterable[Ahead]) -> list[dict[str, Any]]:
    """Write it for programs."""
    return [
        {
            "share": {"arn": each.share.arn, "name": each.share.name, "owner": each.share.owner},
            "requestId": each.request_id,
            "status": each.status,
            "attempt": each.attempt,
            "outcome": each.outcome,
            "because": each.because,
            "notReady": each.not_ready,
            "associations": [way_document(way) for way in each.ways],
            "refused": [refusal_document(reason) for reason in each.refused],
        }
        for each in aheads
    ]


def way_document(way: Way) -> dict[str, Any]:
    return {
        "name": way.wanted.name,
        "wanted": document_of(way.wanted),
        "permittedBy": way.permitted_by,
        "asWanted": way.is_as_wanted,
        "steps": [step_document(step) for step in way.steps],
        "names": [name_document(name) for name in way.names],
        "pending": way.pending,
    }


def name_document(name: NamePlan) -> dict[str, Any]:
    return {
        "path": name.path,
        "change": name.change,
        "dnsName": name.dns_name,
        "subject": name.subject,
        "why": name.why,
        "document": name.document,
    }


def refusal_document(reason: Reason) -> dict[str, str]:
    return {"code": reason.code, "text": reason.text, "binding": reason.source, "toDo": what_to_do(reason)}


def _standing(ahead: Ahead) -> str:
    stands = str(ahead.status) if ahead.status else "not noticed yet"
    if ahead.outcome == "askApprover":
        return f"{stands}; attempt {ahead.attempt} would ask a person first"
    if ahead.outcome == "accept":
        return f"{stands}; attempt {ahead.attempt} would do it"
    if ahead.outcome == "keep":
        return f"{stands}; it would not be let in any more; attempt {ahead.attempt} would see to what was let in before"
    return f"{stands}; nothing would be done ({ahead.outcome or 'not decided'})"


def _sign(step: Step) -> tuple[str, str]:
    match step:
        case Await():
            return ".", "doubtful"
        case Stuck():
            return "!", "bad"
        case _:
            word = str(step).partition(" ")[0]
            return {"change": ("~", "doubtful"), "delete": ("-", "bad")}.get(word, ("+", "good"))


def _where(way: Way, prefix: str) -> str:
    wanted = way.wanted
    if wanted.resource.holds_others:
        return f"the names of what is in it, below {binding_path(prefix, wanted.binding)}"
    vpc_id = wanted.vpc_id if wanted.per_vpc else None
    return f"{connection_path(prefix, wanted.binding, wanted.resource.name, vpc_id)}/dns-name"
