"""How long each function's code takes to load, beside a bare ``import boto3`` in the same run."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench import processes
from bench.processes import print_times, run_successfully
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
    return processes.in_turn({name: partial(_seconds, fresh) for name, fresh in measured.items()}, RUNS)


def _seconds(fresh: Fresh) -> float:
    """Return the seconds that a fresh process takes for what is timed of it."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(each) for each in fresh.path),
        "PYTHONPYCACHEPREFIX": str(COMPILED),
        "AWS_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "drawbridge",
    }
    command = [str(PYTHON), "-s", "-c", _TIMED.format(before=fresh.before, code=fresh.code)]
    return float(run_successfully(command, environment).out)
