"""How long commands take, each run in a process of its own."""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

COMMAND_LINE = (sys.executable, "-m", "drawbridge_cli.main")


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    seconds: float
    code: int
    out: str
    err: str


def run(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command to its end, whatever that is, with this environment and no other."""
    began = time.perf_counter()
    ended = subprocess.run(command, env=dict(environment), capture_output=True, text=True, check=False)
    return Ran(time.perf_counter() - began, ended.returncode, ended.stdout, ended.stderr)


def run_successfully(command: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command that has to end well.

    Raises:
        RuntimeError: it did not; the message is what it wrote.
    """
    ran = run(command, environment)
    if ran.code:
        raise RuntimeError(f"{' '.join(command)} ended with {ran.code}: {ran.out[:500]} {ran.err[-500:]}")
    return ran


def with_our_path(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that imports what this one does."""
    return os.environ | dict(environment) | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def in_turn(measured: Mapping[str, Callable[[], float]], runs: int) -> dict[str, list[float]]:
    """Return the seconds of several runs of each, taken in turn, without the first, which warms up."""
    times: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(runs + 1):
        for name, seconds in measured.items():
            times[name].append(seconds())
    return {name: all_runs[1:] for name, all_runs in times.items()}


def print_times(times: Mapping[str, Sequence[float]], *, beside: str, called: str) -> None:
    """Print a line for each, in ms, with the ratio to the median of ``beside``."""
    print(f"  {'':<22}{'median':>8}{'least':>8}{'most':>8}{f'x {called}':>{len(called) + 4}}")
    compared = statistics.median(times[beside])
    for name, runs in times.items():
        median = statistics.median(runs)
        print(
            f"  {name:<22}{median * 1000:>8.0f}{min(runs) * 1000:>8.0f}{max(runs) * 1000:>8.0f}"
            f"{median / compared:>{len(called) + 4}.2f}"
        )
