"""Printing plans, and returning them as documents for programs."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from drawbridge.association.attachment_document import document_of
from drawbridge.association.steps import Await, Blocked, Step
from drawbridge.decision.delayed import DELAYED
from drawbridge.legible import legible
from drawbridge.publication.names import binding_path, connection_path
from drawbridge.publication.plan import NameChange, NamePlan
from drawbridge.status import Reason
from drawbridge.withdrawal.steps import AwaitGone, NotOurs
from drawbridge_cli.account_withdrawal import AccountWithdrawal
from drawbridge_cli.outstanding import Outstanding
from drawbridge_cli.reason_codes import what_to_do
from drawbridge_cli.reason_screen import made_legible, reason_text
from drawbridge_cli.screen import say
from drawbridge_cli.share_plans import AssociationPlan, SharePlan, association_plans, unknown_places
from drawbridge_cli.status_screen import number_standing, reason_texts, turn_text
from drawbridge_cli.step_documents import step_document
from drawbridge_cli.urgency import Urgency

_SIGNS = {
    NameChange.NEW: ("+ publish", "good"),
    NameChange.CHANGED: ("~ rewrite", "doubtful"),
    NameChange.GONE: ("- take back", "bad"),
    NameChange.REFUSED: ("! can't publish", "bad"),
    NameChange.SAME: ("  published", "aside"),
}


def show_share_plans(share_plans: Sequence[SharePlan], prefix: str) -> None:
    """Print what would be done for each share, without those that are as desired."""
    for each in share_plans:
        if each.is_as_desired:
            continue
        say(f"{legible(each.share.name)} ({each.share.arn}) of {each.share.owner}", "title")
        say(f"  {_status_text(each)}")
        if each.not_ready:
            say(f"  not ready: {legible(each.not_ready)}", "doubtful")
        for association in each.associations:
            if not association.is_as_desired:
                show_association(association, prefix)
        for reason in each.refused:
            show_refusal(reason)
        say()


def show_association(association: AssociationPlan, prefix: str) -> None:
    """Print what is to be done for one association."""
    by = f"; permitted by {', '.join(association.permitted_by)}" if association.permitted_by else ""
    say(f"  {legible(association.desired.name)}")
    say(f"    wanted by binding {association.desired.binding}, mode {association.desired.mode}{by}", "aside")
    for step in association.steps:
        sign, mark = _sign(step)
        say(f"    {sign} {step}", mark)
    if association.steps and not association.names and not any(isinstance(step, Blocked) for step in association.steps):
        say(f"    + then publish {_where(association, prefix)}", "good")
    for name in association.changes:
        show_name(name)
    for arn in association.pending:
        say(f"    . wait until {arn} has a name", "doubtful")


def show_name(name: NamePlan) -> None:
    """Print what becomes of a published name."""
    sign, mark = _SIGNS[name.change]
    value = f": {name.dns_name}" if name.change in {NameChange.NEW, NameChange.SAME} else ""
    say(f"    {sign} {name.path}/dns-name{value}", mark)
    for why in name.why:
        say(f"        {why}")


_LONGEST = 2000


def show_refusal(reason: Reason) -> None:
    """Print why something is not associated, and what to do."""
    say(f"  refused {reason_text(made_legible(reason))}", "doubtful")
    if todo := what_to_do(reason):
        say(f"    to do: {todo}")


def show_unknown(share_plans: Sequence[SharePlan]) -> None:
    """Print the accounts whose place in the organization is unknown, which may change what policies decide."""
    unknown = unknown_places([*share_plans])
    if unknown:
        say(
            f"Organizations did not tell where these accounts stand: {', '.join(unknown)}. Wherever a policy speaks of "
            "that, it counts against them. Drawbridge itself may know more than you may ask.",
            "doubtful",
        )


def show_outstanding(outstanding: Iterable[Outstanding]) -> None:
    """Print which requests are not at rest, each with why, whose turn it is, and the command to begin with."""
    for each in outstanding:
        say(each.text, "doubtful")
        for line in (*reason_texts(each.status), turn_text(each.status)):
            say(f"  {line}")
        say(f"    {each.status.next}")


def summary(
    share_plans: Sequence[SharePlan],
    withdrawal: AccountWithdrawal,
    outstanding: Sequence[Outstanding] = (),
    *,
    broken: int = 0,
) -> str:
    """Return a summary in one line: that there is nothing to do only where nothing waits, nor is broken, either."""
    steps, waiting = _steps(share_plans, withdrawal), _waiting(share_plans, withdrawal, outstanding)
    waiting += [f"{broken} {'binding is' if broken == 1 else 'bindings are'} broken"] if broken else []
    if steps:
        return f"{'; '.join((', '.join(steps), *waiting))}."
    if waiting:
        return f"Nothing is to be made or taken down now; {'; '.join(waiting)}."
    return "Nothing to do: everything is as wanted."


def _waiting(
    share_plans: Sequence[SharePlan], withdrawal: AccountWithdrawal, outstanding: Sequence[Outstanding]
) -> list[str]:
    """Return how many things are not as wanted although no plan changes that."""
    refused = sum(len(each.refused) for each in share_plans)
    not_let_in = sum(each.status is None and not each.is_let_in for each in share_plans)
    unconfirmed = len(withdrawal.unconfirmed)
    waiting = [f"{refused} wanted and refused"] if refused else []
    waiting += [f"{not_let_in} not noticed yet, and not let in"] if not_let_in else []
    if unconfirmed:
        waiting.append(f"{unconfirmed} not called for and {'stays' if unconfirmed == 1 else 'stay'} for now")
    counted = Counter(each.status.urgency for each in outstanding)
    return waiting + [number_standing(counted[urgency], urgency) for urgency in Urgency if counted[urgency]]


def _steps(share_plans: Sequence[SharePlan], withdrawal: AccountWithdrawal) -> list[str]:
    associations = [*association_plans([*share_plans])]
    to_do = [step for association in associations for step in association.steps]
    changes = [name.change for association in associations for name in association.names]
    waits = sum(isinstance(step, Await) for step in to_do) + sum(
        len(association.pending) for association in associations
    )
    being_deleted = sum(isinstance(each.next_step, AwaitGone) for each in withdrawal.removals)
    not_ours = sum(isinstance(each.next_step, NotOurs) for each in withdrawal.removals)
    numbers = {
        ("step", "steps"): sum(not isinstance(step, Await | Blocked) for step in to_do),
        ("name to write", "names to write"): sum(each in {NameChange.NEW, NameChange.CHANGED} for each in changes),
        ("name to take back", "names to take back"): changes.count(NameChange.GONE),
        ("to take down", "to take down"): withdrawal.number - being_deleted - not_ours,
        ("to wait for", "to wait for"): waits + being_deleted + sum(bool(each.not_ready) for each in share_plans),
        ("stuck", "stuck"): not_ours
        + sum(isinstance(step, Blocked) for step in to_do)
        + changes.count(NameChange.REFUSED),
    }
    return [f"{number} {one if number == 1 else more}" for (one, more), number in numbers.items() if number]


def documents(share_plans: Iterable[SharePlan]) -> list[dict[str, Any]]:
    """Return the plans for programs."""
    return [
        {
            "share": {"arn": each.share.arn, "name": each.share.name, "owner": each.share.owner},
            "requestId": each.request_id,
            "status": each.status,
            "attempt": each.attempt,
            "outcome": each.outcome,
            "because": each.because,
            "notReady": each.not_ready,
            "associations": [association_document(association) for association in each.associations],
            "refused": [refusal_document(reason) for reason in each.refused],
        }
        for each in share_plans
    ]


def association_document(association: AssociationPlan) -> dict[str, Any]:
    return {
        "name": association.desired.name,
        "wanted": document_of(association.desired),
        "permittedBy": association.permitted_by,
        "asWanted": association.is_as_desired,
        "steps": [step_document(step) for step in association.steps],
        "names": [name_document(name) for name in association.names],
        "pending": association.pending,
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


def _status_text(share_plan: SharePlan) -> str:
    stands = str(share_plan.status) if share_plan.status else "not noticed yet"
    if share_plan.is_under_way:
        # If it waits for a person, what is outstanding says until when, and how they answer.
        return f"{stands}; attempt {share_plan.attempt - 1} is under way"
    if share_plan.outcome == "askApprover":
        return f"{stands}; attempt {share_plan.attempt} would ask a person first"
    if share_plan.outcome == "accept":
        return f"{stands}; attempt {share_plan.attempt} would do it"
    if share_plan.because and share_plan.because[0].code == DELAYED:
        return f"{stands}; {share_plan.because[0].text.removesuffix('.')}"
    if share_plan.outcome == "keep":
        later = f"attempt {share_plan.attempt} would see to what was let in before"
        return f"{stands}; it would not be let in any more; {later}"
    return f"{stands}; nothing would be done ({share_plan.outcome or 'not decided'})"


def _sign(step: Step) -> tuple[str, str]:
    match step:
        case Await():
            return ".", "doubtful"
        case Blocked():
            return "!", "bad"
        case _:
            word = str(step).partition(" ")[0]
            return {"change": ("~", "doubtful"), "delete": ("-", "bad")}.get(word, ("+", "good"))


def _where(association: AssociationPlan, prefix: str) -> str:
    desired = association.desired
    if desired.resource.holds_others:
        return f"the names of what is in it, below {binding_path(prefix, desired.binding)}"
    vpc_id = desired.vpc_id if desired.per_vpc else None
    return f"{connection_path(prefix, desired.binding, desired.resource.name, vpc_id)}/dns-name"
