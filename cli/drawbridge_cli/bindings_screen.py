"""Printing bindings, and what comes of them."""

from collections.abc import Sequence
from typing import Any

from drawbridge.association.evaluation import Candidate
from drawbridge.legible import legible
from drawbridge_cli.account_withdrawal import AccountWithdrawal
from drawbridge_cli.binding_changes import BindingChanges, BindingEffects
from drawbridge_cli.binding_status import BindingStatus
from drawbridge_cli.outstanding import Outstanding
from drawbridge_cli.plan_screen import (
    association_document,
    refusal_document,
    show_association,
    show_name,
    show_outstanding,
    show_refusal,
)
from drawbridge_cli.screen import say, show_table
from drawbridge_cli.share_plans import AssociationPlan, SharePlan
from drawbridge_cli.withdrawal_screen import show_withdrawal


def show_changes(changes: BindingChanges) -> None:
    """Print what would be written and removed."""
    for mark, names in (("new", changes.new), ("changed", changes.changed), ("removed", changes.to_remove)):
        for name in names:
            say(f"{mark:<9}{name}")
    say(f"{len(changes.same)} of the files are in force as they are; {len(changes.others)} others stay")


def show_effects(effects: BindingEffects, prefix: str, outstanding: Sequence[Outstanding] = ()) -> None:
    """Print which desired attachments would change, what is to be done for them, and what is not at rest."""
    say()
    for title, associations in (
        ("would be associated", effects.made),
        ("would be associated otherwise", effects.changed),
    ):
        if associations:
            say(f"{len(associations)} {title}", "title")
        for association in associations:
            _show_planned(association, prefix)
    if effects.dropped:
        say(f"{len(effects.dropped)} not wanted any longer", "title")
        for desired in effects.dropped:
            say(f"  {legible(desired.name)}: what was made and published for it alone is taken down", "doubtful")
    if effects.refused:
        say(f"{len(effects.refused)} refused", "title")
        for reason in effects.refused:
            show_refusal(reason)
    if effects.is_empty:
        # What is not in effect yet is not planned.
        of = "is let in and in effect" if outstanding else "is shared"
        say(f"Nothing that {of} now would be associated otherwise.")
    if outstanding:
        say(f"{len(outstanding)} that they may match and not at rest", "title")
        show_outstanding(outstanding)


def _show_planned(association: AssociationPlan, prefix: str) -> None:
    show_association(association, prefix)
    if association.is_as_desired:
        say("    as it is there")
    if association.is_asked_first:
        say("    . once a person has approved its share", "doubtful")


def show_going(going: AccountWithdrawal, already: AccountWithdrawal) -> None:
    """Print what would be taken down, and what is whatever becomes of the changes."""
    for title, withdrawal in (("would be taken down", going), ("taken down already, as things are", already)):
        if withdrawal.removals:
            say(f"{withdrawal.number} {title}", "title")
        show_withdrawal(withdrawal)


_LONGEST = 2000
_COLUMNS = ("binding", "mode", "where", "matches", "wanted", "refused", "published")


def show_statuses(statuses: Sequence[BindingStatus]) -> None:
    """List bindings, and call out what somebody should check."""
    in_force = [each for each in statuses if each.version is not None]
    rows = [
        (
            each.name,
            str(each.mode),
            each.where,
            *(str(number) for number in (each.matches, each.desired, each.refused, each.published)),
        )
        for each in in_force
    ]
    show_table(_COLUMNS, rows)
    for each in statuses:
        for note in each.notes:
            say(f"{each.name}: {legible(note, _LONGEST)}", "doubtful")
        if each.broken:
            say(f"{each.broken}; {instead(each.version)}", "bad")
    say(f"{len(in_force)} bindings in force, {sum(bool(each.broken) for each in statuses)} broken")


def instead(version: int | None) -> str:
    """Return what is in force instead of a broken version."""
    return "no version of it ever was good" if version is None else f"version {version} stays in force"


def show_binding(status: BindingStatus, text: str, latest: str) -> None:
    """Show a binding's text and status."""
    version = "no version in force" if status.version is None else f"version {status.version} in force"
    say(f"{status.name}, {version}", "title")
    for line in (text or latest).strip().splitlines():
        say(f"  {line}")
    if status.broken:
        say(f"{status.broken}; {instead(status.version)}", "bad")
    for note in status.notes:
        say(legible(note, _LONGEST), "doubtful")


def show_matches(share_plans: Sequence[SharePlan], prefix: str) -> None:
    """Show each resource that the binding matches, and what comes of it."""
    for share_plan in share_plans:
        share = f"share {legible(share_plan.share.name)} ({share_plan.share.arn}) of {share_plan.share.owner}"
        if share_plan.not_ready:
            say()
            say(f"{share}: not ready: {share_plan.not_ready}", "doubtful")
        for candidate in share_plan.candidates:
            say()
            say(f"{legible(candidate.resource.name)} ({candidate.resource.type}) {candidate.resource.arn}", "title")
            say(f"  {share}")
            for association in _plans_of(share_plan, candidate):
                show_association(association, prefix)
                for name in association.names:
                    if name not in association.changes:
                        show_name(name)
            for refusal in candidate.refused:
                if refusal.vpc_id:
                    say(f"  {refusal.vpc_id}")
                show_refusal(refusal.reason)


def matches(share_plans: Sequence[SharePlan]) -> list[dict[str, Any]]:
    """Return the same for programs."""
    return [
        {
            "share": {"arn": share_plan.share.arn, "name": share_plan.share.name, "owner": share_plan.share.owner},
            "notReady": share_plan.not_ready,
            "resources": [
                {
                    "name": candidate.resource.name,
                    "arn": candidate.resource.arn,
                    "type": candidate.resource.type,
                    "associations": [
                        association_document(association) for association in _plans_of(share_plan, candidate)
                    ],
                    "refused": [
                        refusal_document(refusal.reason) | {"vpc": refusal.vpc_id} for refusal in candidate.refused
                    ],
                }
                for candidate in share_plan.candidates
            ],
        }
        for share_plan in share_plans
    ]


def _plans_of(share_plan: SharePlan, candidate: Candidate) -> list[AssociationPlan]:
    return [each for each in share_plan.associations if each.desired.resource.arn == candidate.resource.arn]
