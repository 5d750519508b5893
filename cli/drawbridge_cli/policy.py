"""``drawbridge policy``: check, explain, simulate, test, apply."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from msgspec.structs import replace

from drawbridge.configuration import InForce
from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.conflicts import conflict_among
from drawbridge.decision.facts import EvaluationTime
from drawbridge.decision.in_force import PATH, compiled
from drawbridge.decision.policies import Policy
from drawbridge.errors import InvalidInputError
from drawbridge_cli.advice import advice
from drawbridge_cli.cases import case_files, run_all
from drawbridge_cli.command_group import CommandGroup
from drawbridge_cli.documents import SUFFIXES, read_request_document
from drawbridge_cli.explanation import explain, what_to_do
from drawbridge_cli.named_files import say_problems
from drawbridge_cli.named_requests import NAMED, the_request
from drawbridge_cli.options import Json
from drawbridge_cli.parameter_changes import write_changes
from drawbridge_cli.policy_changes import PolicyChanges, changes_of, default_names
from drawbridge_cli.policy_files import CheckedPolicies, check_files, find_files
from drawbridge_cli.policy_screen import (
    show_changes,
    show_explanation,
    show_known,
    show_question,
    show_result,
    show_simulation,
)
from drawbridge_cli.request_status import Known
from drawbridge_cli.screen import ask, check_that_nobody_is_asked, complain, say, show_json
from drawbridge_cli.share_changes import changes_of_shares, show_share_changes
from drawbridge_cli.simulation import Simulation, simulate
from drawbridge_cli.stack import Stack
from drawbridge_cli.urgency import waits_for_person

app = CommandGroup(no_args_is_help=True, help="Policies: who is let in, why, and what would happen if.")

Paths = Annotated[list[Path], typer.Argument(help="Files, or folders of .cedar files.", metavar="PATH...")]
Everything = Annotated[
    bool, typer.Option("--allow-everything", help="Policies that let everything of everybody in are meant.")
]
Prune = Annotated[bool, typer.Option("--prune", help="The files are the whole set: others in force go.")]
Since = Annotated[str, typer.Option("--since", help="How far back: 12h, 7d, 4w, or all.", metavar="TIME")]


@app.command()
def check(paths: Paths, everything: Everything = False, as_json: Json = False) -> None:
    """Check policies as they would be checked before they take effect. Asks nothing of AWS. Exit code 1: a problem."""
    checked = check_files(find_files(paths), everything_may_be_permitted=everything)
    if as_json:
        names = [each.name for each in checked.policies]
        show_json({"policies": names, "problems": checked.problems, "notes": checked.notes})
    else:
        say_problems(checked.problems)
        for note in checked.notes:
            say(str(note), "doubtful")
        statements = sum(len(policy.statements) for policy in checked.policies)
        if not checked.problems:
            say(f"{len(checked.policies)} policies, {statements} statements: good", "good")
    if checked.problems:
        raise typer.Exit(1)


@app.command("explain")
def explain_request(
    context: typer.Context,
    request: Annotated[str, typer.Argument(help=f"{NAMED} Or a file, in {', '.join(SUFFIXES)}.")],
    paths: Annotated[
        list[Path] | None, typer.Option("--policies", help="Explain by these files instead of what is in force.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Explain a request: why it is where it is, and what the policies make of it. Exit code 1: it is not there."""
    stack: Stack = context.obj
    known: Known | None = None
    now = datetime.now(UTC)
    if request.endswith(SUFFIXES):
        asked = read_request_document(Path(request))
        facts, evaluation_time = asked.request, asked.evaluation_time
    else:
        entry = the_request(stack, request)
        (known,) = stack.known([entry], now)
        if entry.decision_record is None:
            _show_undecided(stack, known, now, as_json=as_json)
            return
        facts, evaluation_time = entry.decision_record.facts, entry.decision_record.evaluation_time
    policies = PolicySet(_good(paths, everything_may_be_permitted=True).policies) if paths else None
    policies = policies or compiled(stack.policies_in_force())
    explanation = explain(facts, policies, evaluation_time)
    if as_json:
        show_json({"entry": known.entry if known else None, "explanation": explanation})
        return
    if known is not None:
        _show_standing(stack, known, now)
        say()
    show_explanation(explanation, "by the policies in force now" if paths is None else "by the files")
    # By files that are not in force nothing is to be done about a request that is there.
    todo = what_to_do(explanation) if known is None else "" if paths else advice(known, explanation)
    if todo:
        say()
        say(todo)


@app.command("simulate")
def simulate_paths(
    context: typer.Context,
    paths: Paths,
    since: Since = "7d",
    prune: Prune = False,
    fail: Annotated[bool, typer.Option("--exit-code", help="Exit with 1 if anything would change.")] = False,
    as_json: Json = False,
) -> None:
    """Decide the ledger's requests again by other policies, and show what would come out otherwise. Changes nothing."""
    stack: Stack = context.obj
    policies = _checked_alone(paths)
    in_force = stack.policies_in_force()
    plan = changes_of(policies, in_force, prune=prune, keep=_kept(stack))
    _refuse_conflict(plan, everything_may_be_permitted=stack.everything_may_be_permitted)
    simulation = _simulate(stack, in_force, plan, _start_of(since))
    if as_json:
        show_json(simulation)
    else:
        show_changes(plan)
        show_simulation(simulation, since)
        _show_shares(stack, simulation)
    if fail and (simulation.changes or simulation.shares):
        raise typer.Exit(1)


@app.command("test")
def run_examples(
    folder: Annotated[Path, typer.Argument(help="A folder of cases in YAML or JSON, or one file.")],
    paths: Annotated[
        list[Path] | None, typer.Option("--policies", help="Use these files instead of what the cases name.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run cases: example requests, each with the outcome that is expected of it. Asks nothing of AWS."""
    results = run_all(case_files(folder), tuple(paths or ()))
    failed = [result for result in results if result.wrong]
    if as_json:
        show_json({"passed": len(results) - len(failed), "failed": len(failed), "cases": results})
    else:
        for result in results:
            show_result(result)
        say(f"{len(results) - len(failed)} passed, {len(failed)} failed", "bad" if failed else "good")
    if failed:
        raise typer.Exit(1)


@app.command()
def apply(
    context: typer.Context,
    paths: Paths,
    prune: Prune = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    since: Since = "7d",
    as_json: Json = False,
) -> None:
    """Check policies, show what they would change, and put them in force. The second time it does nothing."""
    stack: Stack = context.obj
    check_that_nobody_is_asked(as_json=as_json, yes=yes, dry_run=dry_run)
    policies = _checked_alone(paths)
    in_force = stack.policies_in_force()
    plan = changes_of(policies, in_force, prune=prune, keep=_kept(stack))
    _refuse_conflict(plan, everything_may_be_permitted=stack.everything_may_be_permitted)
    simulation = None if plan.is_empty else _simulate(stack, in_force, plan, _start_of(since))
    if not as_json:
        show_changes(plan)
        if simulation is not None:
            show_simulation(simulation, since)
            _show_shares(stack, simulation)
    if not plan.is_empty and not dry_run:
        if not yes:
            ask("Put them in force?")
        texts = [(each.name, each.text) for each in plan.to_write]
        write_changes(stack.configuration, PATH, texts, plan.to_remove, as_json=as_json)
    if as_json:
        show_json(
            {
                "new": plan.new,
                "changed": plan.changed,
                "removed": plan.to_remove,
                "same": plan.same,
                "others": plan.others,
                "dry_run": dry_run,
                "simulation": simulation,
            }
        )


def _show_undecided(stack: Stack, known: Known, now: datetime, *, as_json: bool) -> None:
    if as_json:
        show_json({"entry": known.entry, "explanation": None})
        return
    _show_standing(stack, known, now)
    if todo := advice(known, None):
        say()
        say(todo)


def _show_standing(stack: Stack, known: Known, now: datetime) -> None:
    """Print what the ledger knows of a request, and of the question about it."""
    show_known(known, now)
    record = stack.question(known.entry.request_id) if waits_for_person(known.entry) else None
    if record is not None:
        show_question(record)


def _good(paths: list[Path], *, everything_may_be_permitted: bool) -> CheckedPolicies:
    checked = check_files(find_files(paths), everything_may_be_permitted=everything_may_be_permitted)
    if checked.problems:
        say_problems(checked.problems)
        raise typer.Exit(1)
    return checked


def _checked_alone(paths: list[Path]) -> tuple[Policy, ...]:
    # Whether they let everything in depends on all that would be in force.
    return _good(paths, everything_may_be_permitted=True).policies


def _kept(stack: Stack) -> frozenset[str]:
    return default_names() if stack.keeps_default_policies else frozenset()


def _refuse_conflict(plan: PolicyChanges, *, everything_may_be_permitted: bool) -> None:
    conflict = conflict_among(plan.then, everything_may_be_permitted=everything_may_be_permitted)
    if conflict is not None:
        for reason in sorted(conflict.blame.values()):
            complain(reason)
        raise typer.Exit(1)


def _simulate(stack: Stack, in_force: InForce[Policy], plan: PolicyChanges, since: datetime | None) -> Simulation:
    now, then = compiled(in_force), PolicySet(plan.then)
    shares = changes_of_shares(stack, now, then, EvaluationTime(datetime.now(UTC), stack.zone))
    return replace(simulate(stack.ledger.entries(), now, then, since), shares=shares)


_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def _show_shares(stack: Stack, simulation: Simulation) -> None:
    show_share_changes(simulation.shares or (), stack.parameters.get("WithdrawAfterHours", "WithdrawAfterHours"))


def _start_of(since: str) -> datetime | None:
    if since == "all":
        return None
    found = re.fullmatch(r"(\d{1,4})([hdw])", since)
    if found is None:
        raise InvalidInputError(f"--since: {since!r} is no length of time; write 12h, 7d, 4w, or all")
    return datetime.now(UTC) - int(found.group(1)) * _UNITS[found.group(2)]
