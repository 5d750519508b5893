"""How long the command line takes to start, beside ``import boto3`` and, where it is installed, ``aws --version``."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence

from bench.loading import print_times
from bench.stacks import deploy_in

RUNS = 9
_BOTO3 = "(import boto3)"
_COMPLETE = {"_DRAWBRIDGE_COMPLETE": "complete_bash", "COMP_WORDS": "drawbridge ", "COMP_CWORD": "1"}


def report_commands(url: str) -> None:
    """Print the median, least and most of several fresh processes for each, taken in turn."""
    home = deploy_in(url, "460000000402")
    drawbridge = [sys.executable, "-m", "drawbridge_cli.main"]
    commands: dict[str, tuple[Sequence[str], dict[str, str]]] = {
        _BOTO3: ([sys.executable, "-c", "import boto3"], {}),
        "drawbridge --version": ([*drawbridge, "--version"], {}),
        "drawbridge --help": ([*drawbridge, "--help"], {}),
        "drawbridge <TAB>": (drawbridge, _COMPLETE),
        "status --help": ([*drawbridge, "status", "--help"], {}),
        "drawbridge status": ([*drawbridge, "status"], home.environment),
    }
    aws = shutil.which("aws")
    if aws is not None:
        commands["aws --version"] = ([aws, "--version"], {})
    times: dict[str, list[float]] = {name: [] for name in commands}
    for run in range(RUNS + 1):
        for name, (command, settings) in commands.items():
            seconds = _seconds(command, settings)
            # The first warms up.
            times[name] += [seconds] if run else []
    print(f"\nThe command line, ms of {RUNS} runs each, a process each; of status, the local AWS's are among them:")
    print_times(times, beside=_BOTO3, called="boto3")
    if aws is None:
        print("  aws --version: not measured, the AWS CLI is not installed here")


def _seconds(command: Sequence[str], settings: dict[str, str]) -> float:
    """Return how long a command takes.

    Raises:
        CalledProcessError: it failed.
    """
    environment = os.environ | settings | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    began = time.perf_counter()
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return time.perf_counter() - began
