"""Systems Manager's Parameter Store: removing parameters, ten in a call."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from drawbridge.aws.errors import translated
from drawbridge.bounds import some_of
from drawbridge.errors import AccessDeniedError

if TYPE_CHECKING:
    from mypy_boto3_ssm import SSMClient

MOST_AT_ONCE = 10
"""Names that GetParameters and DeleteParameters take."""


def deleted(ssm: SSMClient, names: Sequence[str]) -> Iterator[Sequence[str]]:
    """Delete parameters, ten at most, and yield those that are gone now: all at once, or one after the other."""
    try:
        with translated(f"remove {some_of(names)}"):
            # What it calls invalid is not there.
            ssm.delete_parameters(Names=[*names])
    except AccessDeniedError:
        if len(names) == 1:
            raise
        for each in names:
            yield from deleted(ssm, [each])
    else:
        yield names
