"""What all commands share: the options that say where the stack is, and that each is imported once it is run.

``--stack``, ``--region`` and ``--profile`` are options of every command and group. The last that is given counts,
wherever it stands.
"""

import os
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup

from drawbridge.errors import InvalidInputError

_GIVEN = "drawbridge_cli.where"
"""Where a context, and those below it, keep what was given."""

DEFAULT_STACK = "drawbridge"


class LazyCommand(NamedTuple):
    """A command, or a group of commands, that is imported once it is run."""

    module: str
    help: str
    """The first sentence of its own help."""


def _keep(context: typer.Context, parameter: typer.CallbackParam, value: str | None) -> None:
    if value is not None:
        context.meta.setdefault(_GIVEN, {})[parameter.name] = value


def _where(
    stack: Annotated[
        str | None,
        typer.Option(
            callback=_keep,
            expose_value=False,
            help=f"Name of the stack; else $DRAWBRIDGE_STACK, else {DEFAULT_STACK}.",
            metavar="NAME",
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option(
            callback=_keep,
            expose_value=False,
            help="Region of the stack; else AWS's own settings say it.",
            metavar="REGION",
        ),
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(callback=_keep, expose_value=False, help="Profile of the AWS configuration.", metavar="PROFILE"),
    ] = None,
) -> None:
    """Take the options that every command has."""


def _parameters_of(function: Callable[..., None]) -> list[Any]:
    only = typer.Typer(add_completion=False)
    only.command()(function)
    return typer.main.get_command(only).params


_WHERE = _parameters_of(_where)


class StackCommand(TyperCommand):
    """A command, with the options that say where the stack is."""

    def __init__(self, *arguments: Any, params: list[Any] | None = None, **settings: Any) -> None:
        super().__init__(*arguments, params=[*(params or ()), *_WHERE], **settings)

    def invoke(self, ctx: Any) -> Any:
        """Run it, with the stack as the context's object."""
        # It imports boto3's exceptions and much else, which neither help nor completion needs.
        from drawbridge_cli.command_lines import told_with  # noqa: PLC0415
        from drawbridge_cli.stack import Stack  # noqa: PLC0415

        given = ctx.meta.get(_GIVEN, {})
        name = given.get("stack", os.environ.get("DRAWBRIDGE_STACK") or DEFAULT_STACK)
        if not name:
            # CloudFormation would take it for any stack: a variable that is not set must not mean another one.
            raise InvalidInputError("--stack: the name is empty; leave the option out for the default")
        ctx.obj = Stack(name, region=given.get("region"), profile=given.get("profile"))
        with told_with(ctx.obj.options):
            return super().invoke(ctx)


class Group(TyperGroup):
    """Commands under one name, with the options that say where the stack is."""

    def __init__(self, *, params: list[Any] | None = None, **settings: Any) -> None:
        super().__init__(params=[*(params or ()), *_WHERE], **settings)


class LazyGroup(Group):
    """Commands that are listed without being imported."""

    lazy: Mapping[str, LazyCommand] = {}

    def __init__(self, **settings: Any) -> None:
        listed = {name: TyperCommand(name, help=each.help, rich_markup_mode=None) for name, each in self.lazy.items()}
        super().__init__(**settings | {"commands": listed})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        """Find the command that is named, and import it."""
        name, listed, rest = super().resolve_command(ctx, args)
        return name, listed and self.imported(str(listed.name)), rest

    def imported(self, name: str) -> Any:
        """Return a command of the list, imported."""
        module = import_module(self.lazy[name].module)
        if hasattr(module, "app"):
            group = typer.main.get_group(module.app)
            group.name = name
            return group
        only = CommandGroup()
        only.command()(getattr(module, name))
        return typer.main.get_command(only)


class CommandGroup(typer.Typer):
    """A group of commands, as modules define them."""

    def __init__(self, **settings: Any) -> None:
        # Plain text, in which no name is broken and which needs no library to be shown.
        plain: dict[str, Any] = {"cls": Group, "rich_markup_mode": None, "pretty_exceptions_enable": False}
        super().__init__(**plain | {"add_completion": False} | settings)

    def command(self, name: str | None = None, **settings: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:  # type: ignore[override]  # all settings that it has
        """Add a command."""
        return super().command(name, **{"cls": StackCommand} | settings)
