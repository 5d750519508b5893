"""Arguments and options that mean the same in several commands."""

from typing import Annotated

import typer

Account = Annotated[str, typer.Argument(help="The account's id, 12 digits.", metavar="ACCOUNT")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
