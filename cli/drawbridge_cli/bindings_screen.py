"""How bindings, and what comes of them, look on the screen."""

from collections.abc import Iterable, Sequence
from typing import Any

from drawbridge.association.evaluation import Wish
from drawbridge.legible import legible
from drawbridge_cli.ahead import Ahead, Way
from drawbridge_cli.binding_changes import Changes, Effects
from drawbridge_cli.binding_files import Problem
from drawbridge_cli.binding_standing import Standing
from drawbridge_cli.plan_screen import refusal_document, show_name, show_refusal, show_way, way_document
from drawbridge_cli.screen import complain, say, show_table


def say_problems(problems: Iterable[Problem]) -> None:
    """Tell what is wrong, each with file and line, as compilers do."""
    for problem in problems:
        complain(str(problem))


def show_changes(changes: Changes) -> None:
    """Tell what would be written and removed."""
    for mark, names in (("new", changes.new), ("changed", changes.changed), ("removed", changes.to_remove)):
        for name in names:
            say(f"{mark:<9}{name}")
    say(f"{len(changes.same)} of the files are in force as they are; {len(changes.others)} others stay")


def show_effects(effects: Effects, prefix: str) -> None:
    """Tell what would be wanted otherwise, and what is to be done for it."""
    say()
    for title, ways in (("would be associated", effects.made), ("would be associated otherwise", effects.changed)):
        if ways:
            say(f"{len(ways)} {title}", "title")
        for way in ways:
            show_way(way, prefix)
            if way.is_as_wanted:
                say("    as it is there")
    if effects.dropped:
        say(f"{len(effects.dropped)} not wanted any longer", "title")
        for wanted in effects.dropped:
            say(f"  {legible(wanted.name)}: what was made for it and published is left behind", "doubtful")
    if effects.refused:
        say(f"{len(effects.refused)} refused", "title")
        for reason in effects.refused:
            show_refusal(reason)
    if not (effects.made or effects.changed or effects.dropped or effects.refused):
        say("Nothing that is shared now would be associated otherwise.")


_COLUMNS = ("binding", "mode", "where", "matches", "wanted", "refused", "published")


def show_standings(standings: Sequence[Standing]) -> None:
    """List bindings, and call out what somebody should look at."""
    in_force = [each for each in standings if each.version is not None]
    rows = [
        (
            each.name,
            str(each.mode),
            each.where,
            *(str(number) for number in (each.matches, each.wanted, each.refused, each.published)),
        )
        for each in in_force
    ]
    show_table(_COLUMNS, rows)
    for each in standings:
        for note in each.notes:
            say(f"{each.name}: {note}", "doubtful")
        if each.broken:
            say(f"{each.broken}; {instead(each.version)}", "bad")
    say(f"{len(in_force)} bindings in force, {sum(bool(each.broken) for each in standings)} broken")


def instead(version: int | None) -> str:
    """Say what is in force instead of a broken version."""
    return "no version of it ever was good" if version is None else f"version {version} stays in force"


def show_binding(standing: Standing, text: str, latest: str) -> None:
    """Show a binding's text, and how it stands."""
    version = "no version in force" if standing.version is None else f"version {standing.version} in force"
    say(f"{standing.name}, {version}", "title")
    for line in (text or latest).strip().splitlines():
        say(f"  {line}")
    if standing.broken:
        say(f"{standing.broken}; {instead(standing.version)}", "bad")
    for note in standing.notes:
        say(note, "doubtful")


def show_matches(aheads: Sequence[Ahead], prefix: str) -> None:
    """Show each resource that the binding matches, and what comes of it."""
    for ahead in aheads:
        share = f"share {legible(ahead.share.name)} ({ahead.share.arn}) of {ahead.share.owner}"
        if ahead.not_ready:
            say()
            say(f"{share}: not ready: {ahead.not_ready}", "doubtful")
        for wish in ahead.wishes:
            say()
            say(f"{legible(wish.resource.name)} ({wish.resource.type}) {wish.resource.arn}", "title")
            say(f"  {share}")
            for way in _ways(ahead, wish):
                show_way(way, prefix)
                for name in way.names:
                    if name not in way.changes:
                        show_name(name)
            for refusal in wish.refused:
                if refusal.vpc_id:
                    say(f"  {refusal.vpc_id}")
                show_refusal(refusal.reason)


def matches(aheads: Sequence[Ahead]) -> list[dict[str, Any]]:
    """Write it for programs."""
    return [
        {
            "share": {"arn": ahead.share.arn, "name": ahead.share.name, "owner": ahead.share.owner},
            "notReady": ahead.not_ready,
            "resources": [
                {
                    "name": wish.resource.name,
                    "arn": wish.resource.arn,
                    "type": wish.resource.type,
                    "associations": [way_document(way) for way in _ways(ahead, wish)],
                    "refused": [refusal_document(refusal.reason) | {"vpc": refusal.vpc_id} for refusal in wish.refused],
                }
                for wish in ahead.wishes
            ],
        }
        for ahead in aheads
    ]


def _ways(ahead: Ahead, wish: Wish) -> list[Way]:
    return [each for each in ahead.ways if each.wanted.resource.arn == wish.resource.arn]
