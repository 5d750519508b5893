"""``drawbridge``: the entry point of the command line, which prints every error in one line."""

import io
import os
import re
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Annotated, Any, NamedTuple

import typer

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge_cli.command_group import CommandGroup, LazyCommand, LazyGroup
from drawbridge_cli.screen import Written, complain, noting_what_is_written, say, show_json
from drawbridge_cli.version import own_version

_PROGRAM = "drawbridge"
_FINDING, _USAGE, _AWS, _FAULT = 1, 2, 3, 4
_INTERRUPTED, _NOBODY_READS = 130, 141
"""As shells have it for who is ended by SIGINT and SIGPIPE."""

_TRACEBACK = "DRAWBRIDGE_TRACEBACK"
_LOG_IN = "; the login has ended: log in again (IAM Identity Center: aws sso login, with the same --profile)"
_EXPIRED = frozenset(
    {
        *("ExpiredToken", "ExpiredTokenException", "RequestExpired"),
        *("UnauthorizedSSOTokenError", "TokenRetrievalError", "SSOTokenLoadError"),
    }
)
"""AWS's codes, and botocore's errors of a login by IAM Identity Center that has ended, or never was."""


class _Commands(LazyGroup):
    lazy: Mapping[str, LazyCommand] = {
        "status": LazyCommand(
            "drawbridge_cli.status", "Show what needs somebody, the most urgent first, and one line for the rest."
        ),
        "why": LazyCommand(
            "drawbridge_cli.why", "Tell a request's story, from the first hint to now, and what comes next."
        ),
        "plan": LazyCommand(
            "drawbridge_cli.plan",
            "Show what would be associated and published for every share, what taken down, and why; "
            "and which requests wait.",
        ),
        "approve": LazyCommand("drawbridge_cli.approval", "Approve what a request asks."),
        "deny": LazyCommand("drawbridge_cli.approval", "Deny what a request asks."),
        "withdraw": LazyCommand("drawbridge_cli.withdraw", "Withdraw what is connected, at once."),
        "retry": LazyCommand("drawbridge_cli.retry", "Have a request tried again, and end a command to withdraw it."),
        "sweep": LazyCommand(
            "drawbridge_cli.sweep",
            "Have Drawbridge sweep now: look at all that AWS lists, and start what is to be done.",
        ),
        "redrive": LazyCommand(
            "drawbridge_cli.redrive",
            "Show the dead letters: hints and events that came to nothing; send them again, or discard them.",
        ),
        "doctor": LazyCommand(
            "drawbridge_cli.doctor", "Check the deployment whole, and say what to do about what is wrong."
        ),
        "ui": LazyCommand(
            "drawbridge_cli.ui",
            "Serve a page on this machine, with your credentials, that shows status, stories, names and bindings.",
        ),
        "policy": LazyCommand("drawbridge_cli.policy", "Policies: who is let in, why, and what would happen if."),
        "bindings": LazyCommand(
            "drawbridge_cli.bindings", "Bindings: which shared resource goes where, and what comes of it."
        ),
        "consumers": LazyCommand(
            "drawbridge_cli.consumers", "Consumers: the accounts that are known, their tiers and their services."
        ),
        "prove": LazyCommand(
            "drawbridge_cli.prove",
            "Prove to a provider that this account is yours. It needs AWS credentials, and no stack.",
        ),
        "slack": LazyCommand("drawbridge_cli.slack", "Slack: whether approvers can be asked."),
    }


app = CommandGroup(
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    help="Private connections between AWS accounts: the operators' command line.",
)


def _print_version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        say(f"drawbridge {own_version() or 'of no known version'}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version of this program."),
    ] = False,
) -> None:
    """Take the options that only the program as a whole has."""


class _Ended(NamedTuple):
    """A command that has ended, and the error for programs if it is not 0."""

    exit_code: int
    code: str = ""
    message: str = ""
    field: str = ""
    """The option or argument that is wrong, if it is known to be one."""

    def document(self, written: Written) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message or "\n".join(written.complaints)}
        more = {"field": self.field, "problems": written.problems}
        return {"error": error | {name: value for name, value in more.items() if value}}


def main() -> None:
    """Run the command.

    Exit codes: 0 success, 1 a finding or something missing, 2 wrong usage or input, 3 AWS, 4 a fault of this program.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # What the terminal has no letters for is written by its code point.
            stream.reconfigure(errors="backslashreplace")
    try:
        with noting_what_is_written(in_json=_answers_in_json()) as written:
            ended = _run()
            if ended.exit_code and written.in_json and not written.is_answered:
                show_json(ended.document(written))
        sys.stdout.flush()
    except BrokenPipeError:
        _write_no_more()
        sys.exit(_NOBODY_READS)
    sys.exit(ended.exit_code)


def _run() -> _Ended:
    command: Any = typer.main.get_command(app)
    try:
        if f"_{_PROGRAM.upper()}_COMPLETE" in os.environ:
            command.main(prog_name=_PROGRAM)
        with command.make_context(_PROGRAM, sys.argv[1:]) as context:
            command.invoke(context)
    except typer.Exit as end:
        return _Ended(end.exit_code, "finding")
    except typer.Abort:
        complain("nothing was done")
        return _Ended(_FINDING, "aborted")
    except KeyboardInterrupt:
        # Threads that wait for AWS may hold up the end: who presses it once more waits no longer.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if sys.stderr.isatty():
            # After the ^C that the terminal writes.
            sys.stderr.write("\n")
        complain("interrupted")
        return _Ended(_INTERRUPTED, "interrupted")
    except BrokenPipeError:
        raise
    except Exception as error:
        if _is_fault(error) and os.environ.get(_TRACEBACK):
            raise
        return _ended_by(error)
    return _Ended(0)


def _is_fault(error: Exception) -> bool:
    return not isinstance(error, DrawbridgeError | typer.TyperException)


def _ended_by(error: Exception) -> _Ended:
    """Complain of an error, in one line."""
    match error:
        case typer.TyperException():
            return _wrongly_used(error)
        case InvalidInputError():
            _complain_of(error)
            option = re.match(r"(--[a-z-]+|[A-Z]+): ", str(error))
            return _Ended(_USAGE, _code(error), str(error), option.group(1) if option else "")
        case DrawbridgeError():
            message = f"{error}{_to_do(error)}"
            complain(f"AWS: {message}")
            return _Ended(_AWS, _code(error), message)
        case _:
            message = f"a fault of {_PROGRAM}: {type(error).__name__}: {error}"
            complain(f"{message}; report it, with what {_TRACEBACK}=1 {_PROGRAM} ... shows")
            return _Ended(_FAULT, "fault", message)


def _complain_of(error: InvalidInputError) -> None:
    """Complain of an error: of files that can't be used, in a line for each problem."""
    problems = getattr(error, "problems", ())
    for problem in problems:
        complain(str(problem), problem)
    if not problems:
        complain(str(error))


def _wrongly_used(error: Any) -> _Ended:
    """Show how the command is used, as the error knows it."""
    error.show()
    parameter = getattr(error, "param", None)
    field = getattr(error, "option_name", "") or (parameter.get_error_hint().strip("'") if parameter else "")
    return _Ended(_USAGE, "usage", error.format_message(), field)


def _to_do(error: DrawbridgeError) -> str:
    """Return what is to be done about credentials that are not valid any longer; else nothing."""
    answer = getattr(error.__cause__, "response", {})
    names = {type(error.__cause__).__name__, answer.get("Error", {}).get("Code")}
    return _LOG_IN if names & _EXPIRED else ""


def _code(error: DrawbridgeError) -> str:
    """Return the code of an error for programs: the name of its class, in lower case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "-", type(error).__name__.removesuffix("Error")).lower()


def _answers_in_json() -> bool:
    """Whether JSON is asked for; the command line itself may be what is wrong."""
    arguments = sys.argv[1:]
    return "--json" in (arguments[: arguments.index("--")] if "--" in arguments else arguments)


def _write_no_more() -> None:
    """Let nothing more be written: Python would complain of that, too, when it ends."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):
            os.dup2(nowhere, stream.fileno())


if __name__ == "__main__":
    main()
