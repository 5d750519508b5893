"""The command that serves the local AWS, with a stack deployed in its accounts, until it gets a signal to end.

``python -m local_aws`` is this command; a project that deploys more than a template can build its own on it.
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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from local_aws.project import InvalidProjectError
from local_aws.time.clock import MOST_SPEED, clock

DESCRIPTION = "Serve a local AWS, with a stack deployed in its accounts if a template is given, until told to end."


@dataclass(frozen=True)
class Options:
    """The options of the command line, with their defaults."""

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
    """Serve until a signal to end, and return the exit status.

    Args:
        options: what to serve.
        deploy: deploys a template; by default as it is, with its parameters' defaults.
        tell: returns lines to print once the server is ready, given its URL; what it does itself is done before.
    """
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    # The translator warns that its telemetry is not collected.
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    stdout = sys.stdout
    # moto prints; standard output is for the one ``ready`` line.
    with contextlib.redirect_stdout(sys.stderr):
        return _serve(options, deploy, tell, ended, lambda line: print(line, file=stdout, flush=True))


def _serve(
    options: Options,
    deploy: Deploy | None,
    tell: Callable[[str], str] | None,
    ended: threading.Event,
    print_line: Callable[[str], None],
) -> int:
    began = time.perf_counter()
    _report("starting")
    with contextlib.ExitStack() as start:
        start.enter_context(_without_garbage_collection())
        # Loading moto takes most of a second, so wrong arguments have been reported before.
        from local_aws import deployment  # noqa: PLC0415
        from local_aws.server import LocalAws  # noqa: PLC0415

        try:
            server = LocalAws(options.port)
        except InvalidProjectError as wrong:
            _report(str(wrong))
            return 1
        except OSError as taken:
            in_use = taken.errno == errno.EADDRINUSE
            reason = "it is in use, end what uses it or choose another with --port" if in_use else taken.strerror
            _report(f"port {options.port} can't be used: {reason}")
            return 1
        clock.set_speed(options.speed)
        with server:
            try:
                if options.template:
                    _deploy(options, options.template, deploy or deployment.deploy, ended)
            except deployment.DeploymentError as failure:
                _report(str(failure))
                return 1
            gc.freeze()
            start.close()
            _report(f"took {time.perf_counter() - began:.1f} s")
            lines = tell(server.url) if tell and not ended.is_set() else ""
            if not ended.is_set():
                print_line(f"ready {server.url}")
                # As they are: they may be there to be copied.
                print(lines, end="", file=sys.stderr, flush=True)  # noqa: T201 - for who started it
            ended.wait()
            _report("ending")
        return 0


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Collect no garbage while the block runs: what is loaded and deployed stays, and collecting took a third of it."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _deploy(options: Options, template: Path, deploy: Deploy, ended: threading.Event) -> None:
    for account_id in options.accounts:
        if ended.is_set():
            return
        _report(f"deploying {template.name} in {account_id}")
        deploy(template, account_id, options.region, name=options.stack)


def parse(arguments: Sequence[str] | None) -> Options:
    """Parse a command line; exit if an argument is wrong."""
    return options_of(argument_parser().parse_args(arguments))


def argument_parser(
    *, prog: str = "local-aws", description: str = DESCRIPTION, defaults: Options | None = None
) -> argparse.ArgumentParser:
    """Return the command line's parser, to which a project may add arguments of its own."""
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
    return parser


def options_of(parsed: argparse.Namespace) -> Options:
    """Return the options that the parser found."""
    return Options(
        parsed.port, parsed.speed, tuple(dict.fromkeys(parsed.accounts)), parsed.region, parsed.template, parsed.stack
    )


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:  # noqa: PLR2004 - the last port there is
        raise argparse.ArgumentTypeError(f"a port from 0 to 65535 is expected, not {text!r}")
    return int(text)


def _speed(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = 0.0
    if not 0 < factor <= MOST_SPEED:
        raise argparse.ArgumentTypeError(f"a number above 0 and up to {MOST_SPEED} is expected, not {text!r}")
    return factor


def _account(text: str) -> str:
    if not re.fullmatch(r"[0-9]{12}", text):
        raise argparse.ArgumentTypeError(f"an account id of 12 digits is expected, not {text!r}")
    return text


def _stack(text: str) -> str:
    if not re.fullmatch(r"[a-zA-Z][-a-zA-Z0-9]{0,127}", text):
        raise argparse.ArgumentTypeError(f"a stack's name of letters, digits and hyphens is expected, not {text!r}")
    return text


def _report(line: str) -> None:
    print(f"local aws: {line}", file=sys.stderr, flush=True)  # noqa: T201 - progress is for who started it
