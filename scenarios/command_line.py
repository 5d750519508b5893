"""The command line, run as somebody of an account at the time of the local AWS's clock."""

import os
import subprocess
import sys

from local_aws.testing.clock import clock
from scenarios.people import Person

_AT = """
import sys, time_machine
from drawbridge_cli.main import main
time_machine.travel(float(sys.argv.pop(1)), tick=True).start()
main()
"""
"""Runs the command at a time of the clock, as functions run."""


def run(person: Person, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``drawbridge`` as the person, and return how it ended."""
    # What is run is what is beside the caller, wherever a checkout is installed.
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), **person.environment}
    command = [sys.executable, "-c", _AT, str(clock.time()), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=240)
