"""How long each function's code takes to load, beside a bare ``import boto3`` in the same run."""

import os
import statistics
import subprocess
from pathlib import Path

from local_aws.__main__ import ACCOUNTS, REGION, REPOSITORY
from local_aws.functions import sources

RUNS = 9
PYTHON = REPOSITORY / ".local" / "runtime" / "bin" / "python"
_TIMED = "import time; began = time.perf_counter(); import {module}; print(time.perf_counter() - began)"


def report_loading() -> None:
    """Print the median, least and most of several fresh processes for each, taken in turn."""
    measured: dict[str, tuple[str, list[Path]]] = {}
    for folder in sorted(path.parent.name for path in (REPOSITORY / "functions").glob("*/app.py")):
        source = sources.find(ACCOUNTS[0], REGION, f"drawbridge-{folder}")
        if source is None:
            raise LookupError(f"the template deploys no function of functions/{folder}")
        measured[folder] = ("app", [source.code, *source.layers])
    _, anywhere = next(iter(measured.values()))
    measured = {"(bare import boto3)": ("boto3", anywhere[1:])} | measured

    times: dict[str, list[float]] = {name: [] for name in measured}
    for _ in range(RUNS + 1):
        for name, (module, path) in measured.items():
            times[name].append(_load(module, path))
    print(f"\nImport time in ms, {RUNS} fresh processes each after one to warm up, with .pyc, without any client:")
    print(f"  {'':<22}{'median':>8}{'least':>8}{'most':>8}{'x boto3':>9}")
    boto3 = statistics.median(times["(bare import boto3)"][1:])
    for name, all_runs in times.items():
        counted = all_runs[1:]
        median = statistics.median(counted)
        print(
            f"  {name:<22}{median * 1000:>8.0f}{min(counted) * 1000:>8.0f}{max(counted) * 1000:>8.0f}"
            f"{median / boto3:>9.2f}"
        )


def _load(module: str, path: list[Path]) -> float:
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(each) for each in path),
        "PYTHONPYCACHEPREFIX": str(REPOSITORY / ".local" / "pycache"),
        "AWS_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "drawbridge",
    }
    command = [str(PYTHON), "-s", "-c", _TIMED.format(module=module)]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(ran.stdout)
