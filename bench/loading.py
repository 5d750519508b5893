"""How long each function's code takes to load, beside a bare ``import boto3`` in the same run."""

import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.testing.functions import source_of
from local_stack.stack import ACCOUNTS, REGION, REPOSITORY

RUNS = 9
PYTHON = REPOSITORY / ".local" / "runtime" / "bin" / "python"
COMPILED = REPOSITORY / ".local" / "pycache"
"""The folder below which Python puts compiled files, each at the path of its source."""
_TIMED = "import time\n{before}\nbegan = time.perf_counter()\n{code}\nprint(time.perf_counter() - began)"
_BOTO3 = "(bare import boto3)"


@dataclass(frozen=True)
class Fresh:
    """What a fresh process runs; ``code`` is timed, ``before`` is not."""

    code: str
    path: Sequence[Path]
    before: str = ""


def report_loading() -> None:
    """Print the median, least and most of several fresh processes for each, taken in turn."""
    folders = sorted(path.parent.name for path in (REPOSITORY / "functions").glob("*/app.py"))
    measured = {folder: Fresh("import app", path_of(folder)) for folder in folders}
    anywhere = measured[folders[0]].path
    times = in_turn({_BOTO3: Fresh("import boto3", anywhere[1:])} | measured)
    print(f"\nImport time in ms, {RUNS} fresh processes each after one to warm up, with .pyc, without any client:")
    print_times(times, beside=_BOTO3, called="boto3")


def path_of(folder: str) -> list[Path]:
    """Return the path of a deployed function's process: its own folder, then its layers."""
    source = source_of(ACCOUNTS[0], REGION, f"drawbridge-{folder}")
    return [source.code, *source.layers]


def in_turn(measured: Mapping[str, Fresh]) -> dict[str, list[float]]:
    """Return the seconds of each in several processes, without the first, which warms up."""
    times: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(RUNS + 1):
        for name, fresh in measured.items():
            times[name].append(_run(fresh))
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


def _run(fresh: Fresh) -> float:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(each) for each in fresh.path),
        "PYTHONPYCACHEPREFIX": str(COMPILED),
        "AWS_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "drawbridge",
    }
    command = [str(PYTHON), "-s", "-c", _TIMED.format(before=fresh.before, code=fresh.code)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(ran.stdout)
