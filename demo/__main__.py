"""``python -m demo``: start the local AWS, play the cases, show what happens, and say whether all went well."""

import logging
import sys
import time
from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from demo.watch import StateVisit, Watch
from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.organizations import arrange
from local_aws.testing.server import LocalAws
from local_stack.stack import ACCOUNTS, deploy_stack
from scenarios.cases import FORBIDDEN, IN_ORDER, LIFE, WITHDRAWAL, Case, Expectation, People
from scenarios.people import APPROVER, CONSUMER, CUSTOMER, MANAGEMENT, PROVIDER, STRANGER, Approver, Person

CASES = (*IN_ORDER, FORBIDDEN, LIFE, WITHDRAWAL)

SPEED = 1
"""Seconds on the local AWS for each of ours: endpoints take time there as they do on AWS, if less of it."""

PATIENCE = 120
"""Real seconds that a case may take."""


class Screen:
    """Prints what happens, one line each: readable in a terminal, without colour, and in a file."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._began = clock.time()

    def case(self, number: int, case: Case) -> None:
        self._began = clock.time()
        self._console.print()
        self._console.print(Text(f"{number}. {case.title}", style="bold"))

    def say(self, who: str, what: str) -> None:
        self._line(who, Text(what, style="cyan"))

    def step(self, step: StateVisit) -> None:
        what = Text(f"{step.state:<26}")
        what.append(f"{step.seconds:5.1f} s", style="dim")
        what.append(f"  {_short(step.request)}, attempt {step.attempt}", style="dim")
        what.append(f", {step.tries} tries while AWS was at it" if step.tries > 1 else "", style="dim")
        self._line(f"{step.who}'s Drawbridge", what, step.at.timestamp())

    def end(self, expectation: Expectation, evidence: str | None) -> None:
        verdict = Text("ok       ", style="bold green") if evidence else Text("MISSING  ", style="bold red")
        self._line("", verdict.append(expectation.what, style="default"))
        if evidence:
            self._line("", Text(f"         {evidence}"))

    def _line(self, who: str, what: Text, at: float | None = None) -> None:
        when = f"{(at or clock.time()) - self._began:6.1f} s" if who else " " * 8
        self._console.print(Text(f"{when}  {who:<22}").append(what))


def main() -> int:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    # In a file no line is broken; a terminal has the width that it has.
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else 200)
    began = time.monotonic()
    console.print("Starting a local AWS and deploying template.yaml in two accounts …")
    try:
        with LocalAws() as server:
            for account_id in ACCOUNTS:
                deploy_stack(account_id)
            console.print(f"It serves {server.url}.")
            clock.set_speed(SPEED)
            failed = _play(server.url, Screen(console), console)
    except KeyboardInterrupt:
        console.print("\nStopped.")
        return 130
    console.print()
    if failed:
        console.print(f"{failed} of {len(CASES)} cases did not come out as they should; see .local/logs.")
        return 1
    console.print(f"All {len(CASES)} cases came out as they should, in {time.monotonic() - began:.0f} s.")
    console.print("Try next:")
    console.print("  make up EXAMPLE=1    the same local AWS, for you to try, with its Slack; it prints what to copy")
    console.print("  docs/bindings.md     from there to a name, in ten minutes")
    console.print("  docs/intake.md       and as a provider: to the first customer, in ten minutes")
    console.print("  README.md            what it does, and how it is deployed into an AWS account")
    return 0


def _play(url: str, screen: Screen, console: Console) -> int:
    """Play all cases; return how many did not come out as they should."""
    provider, consumer = Person(url, PROVIDER, "provider"), Person(url, CONSUMER, "consumer")
    stranger, customer = Person(url, STRANGER, "stranger"), Person(url, CUSTOMER, "customer")
    people = People(provider, consumer, stranger, customer, Approver(url, APPROVER))
    watch = Watch([provider, consumer])
    failed = 0
    for number, case in enumerate(CASES, start=1):
        screen.case(number, case)
        if case.in_organization:
            arrange(MANAGEMENT, {PROVIDER: "workloads/prod", CONSUMER: "workloads/test"}, ram_sharing=True)
        expectation = case.play(people, screen.say)
        fast_forward(case.minutes * 60)
        evidence = _wait_for(expectation, watch, screen)
        screen.end(expectation, evidence)
        failed += evidence is None
    for person in (consumer, provider):
        console.print()
        names = [each for each in person.published() if each[0].endswith("/dns-name")]
        if names:
            console.print(_table(person, names), soft_wrap=False)
        else:
            console.print(Text(f"Nothing is published in {person.account_id}, the {person.called}", style="bold"))
    return failed


def _short(request: str) -> str:
    """Return a short name of a request, by which its lines can be matched."""
    kind, _, rest = request.partition("-")
    return f"{kind} {rest[:8] if kind == 'share' else rest[-8:]}"


def _wait_for(expectation: Expectation, watch: Watch, screen: Screen) -> str | None:
    until = time.monotonic() + PATIENCE
    evidence = None
    settled = 0
    # The steps after the evidence, which record it, are shown too.
    while time.monotonic() < until and settled < 3:  # noqa: PLR2004 - polls without anything new
        evidence = evidence or expectation.met()
        new = [*watch.steps()]
        for step in new:
            screen.step(step)
        settled = settled + 1 if evidence and not new else 0
        time.sleep(0.25)
    return evidence


def _table(person: Person, names: Iterable[tuple[str, str]]) -> Table:
    title = f"Published in {person.account_id}, the {person.called}"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE, pad_edge=False)
    table.add_column("parameter", overflow="fold")
    table.add_column("value", overflow="fold")
    for name, value in names:
        table.add_row(name, value)
    return table


if __name__ == "__main__":
    sys.exit(main())
