"""Arguments and options that mean the same in several commands."""

import re
from typing import Annotated

import typer

from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible

Account = Annotated[str, typer.Argument(help="The account's id, 12 digits.", metavar="ACCOUNT")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]

_SERVICE = re.compile(r"vpce-svc-[0-9a-f]{8,17}")


def check_service(service: str) -> None:
    """Check that what ``--service`` names is an endpoint service, as far as an id says so.

    Raises:
        InvalidInputError: it is none.
    """
    if _SERVICE.fullmatch(service) is None:
        raise InvalidInputError(
            f"--service: {legible(service)} is no endpoint service's id, such as vpce-svc-0123456789abcdef0"
        )
