"""``drawbridge``: the entry point of the command line, which prints every error in one line."""

import sys
from typing import Annotated

import typer

from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge_cli import (
    approval,
    bindings,
    consumers,
    doctor,
    plan,
    policy,
    redrive,
    retry,
    slack,
    status,
    sweep,
    ui,
    why,
    withdraw,
)
from drawbridge_cli.screen import complain
from drawbridge_cli.stack import DEFAULT_NAME, Stack

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Private connections between AWS accounts: the operators' command line.",
)
app.add_typer(policy.app, name="policy")
app.add_typer(bindings.app, name="bindings")
app.add_typer(consumers.app, name="consumers")
app.add_typer(slack.app, name="slack")
app.command()(status.status)
app.command()(plan.plan)
app.command()(approval.approve)
app.command()(approval.deny)
app.command()(withdraw.withdraw)
app.command()(retry.retry)
app.command()(why.why)
app.command()(sweep.sweep)
app.command()(redrive.redrive)
app.command()(doctor.doctor)
app.command()(ui.ui)


@app.callback()
def where(
    context: typer.Context,
    stack: Annotated[str, typer.Option(envvar="DRAWBRIDGE_STACK", help="Name of the stack.")] = DEFAULT_NAME,
    region: Annotated[str | None, typer.Option(help="Region of the stack; else AWS's own settings say it.")] = None,
    profile: Annotated[str | None, typer.Option(help="Profile of the AWS configuration.")] = None,
) -> None:
    context.obj = Stack(stack, region=region, profile=profile)


def main() -> None:
    """Run the command. Exit codes: 0 success, 1 a finding or something missing, 2 wrong usage or input, 3 AWS."""
    try:
        app()
    except InvalidInputError as error:
        complain(str(error))
        sys.exit(2)
    except DrawbridgeError as error:
        complain(f"AWS: {error}")
        sys.exit(3)


if __name__ == "__main__":
    main()
