"""``python -m local_aws``: serve the local AWS, with the stack deployed in its accounts, until told to end."""

from __future__ import annotations

import argparse
import contextlib
import errno
import logging
import re
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from local_aws.time.clock import clock
from local_stack.stack import ACCOUNTS, REGION, TEMPLATE, deploy_stack


@dataclass(frozen=True)
class Options:
    """What to serve."""

    port: int
    speed: float
    accounts: tuple[str, ...]
    region: str
    template: Path
    stack: str


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parse(arguments)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # The translator's telemetry complains that nobody takes it.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    stdout = sys.stdout
    # moto prints; standard output is for the one line that says ready.
    with contextlib.redirect_stdout(sys.stderr):
        return _serve(options, ended, lambda line: print(line, file=stdout, flush=True))


def _serve(options: Options, ended: threading.Event, say: Callable[[str], None]) -> int:
    began = time.perf_counter()
    _tell("starting")
    # Loading moto takes most of a second: what is wrong with the arguments has been said by now.
    from local_aws.deployment import DeploymentError, deploy  # noqa: PLC0415
    from local_aws.server import LocalAws  # noqa: PLC0415

    try:
        server = LocalAws(options.port)
    except OSError as taken:
        in_use = taken.errno == errno.EADDRINUSE
        reason = "it is in use, end what uses it or choose another with --port" if in_use else taken.strerror
        _tell(f"port {options.port} can't be used: {reason}")
        return 1
    clock.set_speed(options.speed)
    with server:
        try:
            for account_id in options.accounts:
                _tell(f"deploying {options.template.name} in {account_id}")
                if options.template == TEMPLATE:
                    deploy_stack(account_id, options.region, name=options.stack)
                else:
                    deploy(options.template, account_id, options.region, name=options.stack)
        except DeploymentError as failure:
            _tell(str(failure))
            return 1
        _tell(f"took {time.perf_counter() - began:.1f} s")
        _tell(f"approvals are asked for at {server.url}/_local/slack")
        if not ended.is_set():
            say(f"ready {server.url}")
        ended.wait()
        _tell("ending")
    return 0


def _parse(arguments: Sequence[str] | None) -> Options:
    parser = argparse.ArgumentParser(prog="python -m local_aws", description=__doc__)
    parser.add_argument("--port", type=_port, default=4566, help="on 127.0.0.1; 0 takes a free one")
    parser.add_argument("--speed", type=_speed, default=1.0, help="local seconds in a real one")
    parser.add_argument("--accounts", type=_account, nargs="+", default=ACCOUNTS, help="where the stack is deployed")
    parser.add_argument("--region", default=REGION)
    parser.add_argument("--template", type=Path, default=TEMPLATE)
    parser.add_argument("--stack", type=_stack, default="drawbridge", help="the stack's name")
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


if __name__ == "__main__":
    sys.exit(main())
