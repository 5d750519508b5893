"""The command that serves the local AWS, with a stack deployed in its accounts, until told to end.

``python -m local_aws`` is this command; a project that deploys more than a template may make one of its own of it.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import gc
import logging
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from local_aws.project import InvalidProjectError
from local_aws.time.clock import clock

DESCRIPTION = "Serve a local AWS, with a stack deployed in its accounts if a template is given, until told to end."


@dataclass(frozen=True)
class Options:
    """What to serve; the values here are what the command line leaves out."""

    port: int = 4566
    speed: float = 1.0
    accounts: tuple[str, ...] = ("123456789012",)
    region: str = "us-east-1"
    template: Path | None = None
    stack: str = "local"


class Deploy(Protocol):
    """Deploys a template in an account."""

    def __call__(self, template: Path, account_id: str, region: str, /, *, name: str) -> object: ...


def main(arguments: Sequence[str] | None = None) -> int:
    return run(parse(arguments))


def run(options: Options, deploy: Deploy | None = None, tell: Callable[[str], str] | None = None) -> int:
    """Serve until told to end, and return the exit status.

    Args:
        options: what to serve.
        deploy: how a template is deployed; None is as it is, its parameters at their defaults.
        tell: given the URL, what else is to be told before it is ready.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # The translator's telemetry complains that nobody takes it.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    stdout = sys.stdout
    # moto prints; standard output is for the one line that says ready.
    with contextlib.redirect_stdout(sys.stderr):
        return _serve(options, deploy, tell, ended, lambda line: print(line, file=stdout, flush=True))


def _serve(
    options: Options,
    deploy: Deploy | None,
    tell: Callable[[str], str] | None,
    ended: threading.Event,
    say: Callable[[str], None],
) -> int:
    began = time.perf_counter()
    _tell("starting")
    # What is loaded and deployed stays: going through it again and again took a third of the start.
    gc.disable()
    # Loading moto takes most of a second: what is wrong with the arguments has been said by now.
    from local_aws import deployment  # noqa: PLC0415
    from local_aws.server import LocalAws  # noqa: PLC0415

    try:
        server = LocalAws(options.port)
    except InvalidProjectError as wrong:
        _tell(str(wrong))
        return 1
    except OSError as taken:
        in_use = taken.errno == errno.EADDRINUSE
        reason = "it is in use, end what uses it or choose another with --port" if in_use else taken.strerror
        _tell(f"port {options.port} can't be used: {reason}")
        return 1
    clock.set_speed(options.speed)
    with server:
        try:
            if options.template:
                _deploy(options, options.template, deploy or deployment.deploy)
        except deployment.DeploymentError as failure:
            _tell(str(failure))
            return 1
        gc.freeze()
        gc.enable()
        _tell(f"took {time.perf_counter() - began:.1f} s")
        if tell:
            _tell(tell(server.url))
        if not ended.is_set():
            say(f"ready {server.url}")
        ended.wait()
        _tell("ending")
    return 0


def _deploy(options: Options, template: Path, deploy: Deploy) -> None:
    for account_id in options.accounts:
        _tell(f"deploying {template.name} in {account_id}")
        deploy(template, account_id, options.region, name=options.stack)


def parse(
    arguments: Sequence[str] | None,
    *,
    prog: str = "local-aws",
    description: str = DESCRIPTION,
    defaults: Options | None = None,
) -> Options:
    """Read a command line; what it leaves out is as in ``defaults``. It exits where an argument is wrong."""
    otherwise = defaults or Options()
    parser = argparse.ArgumentParser(prog=prog, description=description)
    parser.add_argument("--port", type=_port, default=otherwise.port, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--speed", type=_speed, default=otherwise.speed, help="local seconds in a real one")
    parser.add_argument(
        "--accounts", type=_account, nargs="+", default=otherwise.accounts, help="where the stack is deployed"
    )
    parser.add_argument("--region", default=otherwise.region)
    parser.add_argument("--template", type=Path, default=otherwise.template, help="a SAM or CloudFormation template")
    parser.add_argument("--stack", type=_stack, default=otherwise.stack, help="the stack's name")
    told = parser.parse_args(arguments)
    return Options(told.port, told.speed, tuple(dict.fromkeys(told.accounts)), told.region, told.template, told.stack)


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:  # noqa: PLR2004 - the last port there is
        raise argparse.ArgumentTypeError(f"a port from 0 to 65535 is expected, not {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= 100_000:  # noqa: PLR2004 - the clock's own bounds
        raise argparse.ArgumentTypeError(f"a number above 0 and up to 100000 is expected, not {text!r}")
    return factor


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"an account id of 12 digits is expected, not {text!r}")
    return text


def _stack(text: str) -> str:
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", text):
        raise argparse.ArgumentTypeError(f"a stack's name of letters, digits and hyphens is expected, not {text!r}")
    return text


def _tell(line: str) -> None:
    print(f"local aws: {line}", file=sys.stderr, flush=True)  # noqa: T201 - progress is for who started it
