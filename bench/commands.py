"""How long the command line takes to start, beside ``import boto3`` and, where it is installed, ``aws --version``."""

import shutil
import sys
from collections.abc import Sequence
from functools import partial

from bench.processes import COMMAND_LINE, in_turn, print_times, run_successfully, with_our_path
from bench.stacks import deploy_in

RUNS = 9
_BOTO3 = "(import boto3)"
_COMPLETE = {"_DRAWBRIDGE_COMPLETE": "complete_bash", "COMP_WORDS": "drawbridge ", "COMP_CWORD": "1"}


def report_commands(url: str) -> None:
    """Print the median, least and most of several fresh processes for each, taken in turn."""
    home = deploy_in(url, "460000000402")
    commands: dict[str, tuple[Sequence[str], dict[str, str]]] = {
        _BOTO3: ([sys.executable, "-c", "import boto3"], {}),
        "drawbridge --version": ([*COMMAND_LINE, "--version"], {}),
        "drawbridge --help": ([*COMMAND_LINE, "--help"], {}),
        "drawbridge <TAB>": (COMMAND_LINE, _COMPLETE),
        "status --help": ([*COMMAND_LINE, "status", "--help"], {}),
        "drawbridge status": ([*COMMAND_LINE, "status"], home.environment),
    }
    aws = shutil.which("aws")
    if aws is not None:
        commands["aws --version"] = ([aws, "--version"], {})
    times = in_turn({name: partial(_seconds, *each) for name, each in commands.items()}, RUNS)
    print(f"\nThe command line, ms of {RUNS} runs each, a process each; of status, the local AWS's are among them:")
    print_times(times, beside=_BOTO3, called="boto3")
    if aws is None:
        print("  aws --version: not measured, the AWS CLI is not installed here")


def _seconds(command: Sequence[str], settings: dict[str, str]) -> float:
    return run_successfully(command, with_our_path(settings)).seconds
