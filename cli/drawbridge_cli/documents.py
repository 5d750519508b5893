"""Documents that people write: facts of a request, and cases with the expected outcome, in JSON or YAML."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from msgspec import Meta, Struct

from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, ResourceFacts, ShareFacts
from drawbridge.document_mistakes import Mistake, mistakes_in
from drawbridge.errors import InvalidInputError
from drawbridge.legible import legible
from drawbridge.parsing import DEEPEST, UnreadableError, line_too_deep, read_document
from drawbridge_cli.named_files import FileProblem, InvalidFilesError

SUFFIXES = (".yaml", ".yml", ".json")

AnyFacts = ShareFacts | ConnectionFacts | ResourceFacts

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
"""A Wednesday: the time of a case that gives none."""


class RequestDocument(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request to decide on, and when."""

    request: AnyFacts
    at: datetime = NOON
    zone: str = "UTC"

    @property
    def evaluation_time(self) -> EvaluationTime:
        """The time that it is decided for.

        Raises:
            InvalidInputError: there is no such time zone.
        """
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise InvalidInputError(f"zone: there is no time zone {self.zone!r}; write one as Europe/Berlin") from error
        return EvaluationTime(self.at if self.at.tzinfo else self.at.replace(tzinfo=ZoneInfo(self.zone)), self.zone)


class Expected(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The expected outcome of a case."""

    outcome: str
    by: tuple[str, ...] | None = None
    """The ids of the statements that determine it, in any order; ``None`` for any."""
    delay: str | None = None
    """How long after it was first permitted it is let in, such as ``15m``; ``0m`` for at once, ``None`` for any."""


class Case(RequestDocument, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request with its expected outcome."""

    name: Annotated[str, Meta(min_length=1)]
    expect: str | Expected


class CaseFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Cases, and the policies that they are for."""

    cases: Annotated[tuple[Case, ...], Meta(min_length=1)]
    policies: tuple[str, ...] = ()
    """Files and folders, relative to this file; if none, the policies in its folder."""


Document = TypeVar("Document", RequestDocument, CaseFile)


def read_request_document(path: Path) -> RequestDocument:
    """Read a request: its facts alone, or with the time, as ``{request: ..., at: ..., zone: ...}``.

    Raises:
        InvalidFilesError: it can't be read; all that is wrong is named, with line and field.
    """
    loaded = _load(path)
    if isinstance(loaded, dict) and "request" not in loaded:
        loaded = {"request": loaded}
    return _convert(path, loaded, RequestDocument)


def read_cases(path: Path) -> CaseFile:
    """Read a file of cases.

    Raises:
        InvalidFilesError: it can't be read; all that is wrong is named, with line and field.
    """
    loaded = _load(path)
    return _convert(path, loaded, CaseFile)


class _TextLoader(yaml.SafeLoader):
    """A loader of text, lists and mappings only, so that accounts keep leading zeros; with anchors and merging."""

    def flatten_mapping(self, node: yaml.MappingNode) -> None:
        """Merge what ``<<`` names. Of a repeated key the last is kept: else entries double with each merge."""
        super().flatten_mapping(node)
        last = {key.value if isinstance(key, yaml.ScalarNode) else id(key): (key, value) for key, value in node.value}
        node.value = [*last.values()]


_TextLoader.yaml_implicit_resolvers = {"<": [("tag:yaml.org,2002:merge", re.compile(r"<<"))]}
_TextLoader.yaml_constructors = {
    tag: yaml.SafeLoader.yaml_constructors[tag]
    for tag in ("tag:yaml.org,2002:str", "tag:yaml.org,2002:seq", "tag:yaml.org,2002:map", None)
}


def _load(path: Path) -> object:
    """Read JSON or YAML."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        try:
            # Not all JSON is YAML: tabs, and characters beyond the first plane as two escapes, are not.
            return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
        except json.JSONDecodeError:
            if (line := line_too_deep(text)) is not None:
                raise _unreadable(path, f"brackets nested deeper than {DEEPEST}", line) from None
            return yaml.load(text, _TextLoader)  # noqa: S506 - it is a safe one
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _unreadable(path, str(error.problem or error.context), line) from error
    except RecursionError:
        raise _unreadable(path, "nested too deep") from None
    except (yaml.YAMLError, ValueError, OverflowError) as error:
        # YAML's escapes may name characters that there are not. Some of its messages have several lines.
        raise _unreadable(path, " ".join(str(error).split())) from error


def _unreadable(path: Path, message: str, line: int | None = None) -> InvalidFilesError:
    return InvalidFilesError([FileProblem(path=str(path), message=message, line=line)])


def _convert(path: Path, loaded: object, kind: type[Document]) -> Document:
    try:
        return read_document(loaded, kind)
    except UnreadableError as error:
        mistakes = mistakes_in(loaded, kind, path.read_text(encoding="utf-8-sig"))
        raise InvalidFilesError(
            FileProblem(
                path=str(path),
                name=_case_name(loaded, each),
                message=each.message,
                line=each.line,
                field=each.field,
            )
            for each in mistakes
        ) from error


_OF_CASE = re.compile(r"cases\[(\d+)\]")


def _case_name(loaded: object, mistake: Mistake) -> str:
    """Return the name of the case that a mistake is in; empty if it is in none, or in one without."""
    found = _OF_CASE.match(mistake.field)
    if found is None or not isinstance(loaded, dict):
        return ""
    case = loaded["cases"][int(found.group(1))]
    name = case.get("name") if isinstance(case, dict) else None
    return legible(name) if isinstance(name, str) else ""
