"""Cedar policies as people write them, checked and split into named statements.

A policy is a parameter of one or more Cedar statements. Each statement is known by its ``@id``, or by the parameter's
name, numbered from the second statement on.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise

import cedarpy
import msgspec
from cedarpy import pst
from msgspec import Struct

from drawbridge.decision.delay import parse_delay
from drawbridge.decision.facts import Fact
from drawbridge.decision.unknown import facts_in
from drawbridge.document_mistakes import Mistake
from drawbridge.errors import InvalidInputError
from drawbridge.legible import on_one_line

SCHEMA_TEXT = files("drawbridge_policies").joinpath("schema.cedarschema").read_text(encoding="utf-8")
_SCHEMA = cedarpy.Schema.from_str(SCHEMA_TEXT)

_LONGEST = 8192
"""Characters that a parameter of the advanced tier has at most."""


_DEEPEST = 50
"""Brackets within brackets. Cedar's parser recurses, and at a thousand it takes the whole process down."""


_RESERVED = "reserved"
"""The word of ``@alias``."""

_URGENT = "true"
"""The word of ``@urgent``."""

_ACCEPT = "accept"
"""The action of what can be delayed."""

_LONGEST_CHAIN = 500
"""Operators of a statement that can be chained, as ``.`` and ``+``: the parser recurses over each, and at some thousand
takes the whole process down, outside of Python. A condition of a hundred parts is refused anyhow."""


class InvalidPolicyError(InvalidInputError):
    """A policy that cannot take effect: which, and all that is wrong with it; the message tells the first."""

    def __init__(self, policy: str, *mistakes: Mistake) -> None:
        first = mistakes[0]
        super().__init__(f"policy {policy}{f', line {first.line}' if first.line else ''}: {first.message}")
        self.policy = policy
        self.mistakes = mistakes


class Statement(Struct, frozen=True):
    """One statement of a policy."""

    id: str
    policy: str
    """The name of the parameter that it stands in."""
    line: int
    """Of the policy's text, counted from 1."""
    reason: str
    """Its ``@reason``, or a sentence that names it."""
    cedar: pst.Template
    facts: frozenset[Fact]
    """The facts it refers to that may be unknown, or may change although the request does not."""

    @property
    def effect(self) -> pst.Effect:
        return self.cedar.effect

    @property
    def approval(self) -> frozenset[str]:
        """The words of its ``@approval``: how it wants a person to be asked."""
        return _words_of_approval(self.cedar)

    @property
    def permits_reserved_names(self) -> bool:
        """Whether its ``@alias`` lets a name of our own be a reserved one."""
        return bool(self.cedar.annotations.get("alias") == _RESERVED)

    @property
    def delay(self) -> timedelta | None:
        """How long after it was first permitted it lets in, by ``@delay("15m")``; ``None`` if at once.

        Raises:
            InvalidInputError: it says no time.
        """
        text = self.cedar.annotations.get("delay")
        return None if text is None else parse_delay(text)

    @property
    def is_urgent(self) -> bool:
        """Whether it is a forbid that skips the wait before what is connected is taken down, by ``@urgent("true")``."""
        return bool(self.cedar.annotations.get("urgent") == _URGENT)


class Policy(Struct, frozen=True):
    """One parameter's policy."""

    name: str
    text: str
    statements: tuple[Statement, ...]


@lru_cache(maxsize=2048)
def parse_policy(name: str, text: str) -> Policy:
    """Check a policy's text against the schema and take it apart.

    Raises:
        InvalidPolicyError: it does not parse, or refers to what the schema does not know.
    """
    if len(text) > _LONGEST:
        raise _invalid(name, f"{len(text)} characters, {_LONGEST} at most")
    if (line := _too_deep(text)) is not None:
        raise _invalid(name, f"brackets nested deeper than {_DEEPEST}; split the condition", line)
    if (line := _chained(text)) is not None:
        raise _invalid(name, f"more than {_LONGEST_CHAIN} operators in one statement; split it", line)
    try:
        return _parsed(name, text)
    except InvalidPolicyError as error:
        # Cedar says only what it comes upon first, unless it is asked about each statement by itself.
        raise InvalidPolicyError(name, *(_mistakes_of_statements(name, text) or error.mistakes)) from error


def _invalid(policy: str, reason: str, line: int | None = None) -> InvalidPolicyError:
    return InvalidPolicyError(policy, Mistake(message=reason, line=line))


def _parsed(name: str, text: str) -> Policy:
    lines = _statement_lines(text)
    parsed = _parse(name, text, lines)
    if parsed.templates:
        raise _invalid(name, "a template (?principal, ?resource) decides nothing; write a policy")
    if not parsed.static_policies:
        raise _invalid(name, "no statement in it; write one, or delete the parameter")
    checked = cedarpy.validate_policies(text, _SCHEMA)
    if not checked.validation_passed:
        found = ((lines[_number(each.policy_id)], _words(each.error)) for each in checked.errors)
        raise InvalidPolicyError(name, *_in_order(found))
    # In the order of the text: Cedar gives them in any.
    in_order = sorted(parsed.static_policies.items(), key=lambda item: _number(item[0]))
    statements = [_statement(name, _number(cedar_id), cedar, lines) for cedar_id, cedar in in_order]
    wrong = [
        *(each for statement in statements for each in _mistakes_of_annotations(statement)),
        *_mistakes_of_ids(statements),
    ]
    if wrong:
        raise InvalidPolicyError(name, *wrong)
    return Policy(name, text, tuple(statements))


def _mistakes_of_statements(name: str, text: str) -> list[Mistake]:
    """Return what is wrong with each statement by itself, and which of the others have the same id."""
    wrong: list[Mistake] = []
    good: list[Statement] = []
    for number, (start, end) in enumerate(_spans(text)):
        # The lines before it are kept, so that it stands where it stands.
        alone = "\n" * text.count("\n", 0, start) + text[start:end]
        try:
            good += (
                each if "id" in each.cedar.annotations else msgspec.structs.replace(each, id=_default_id(name, number))
                for each in _parsed(name, alone).statements
            )
        except InvalidPolicyError as error:
            wrong += error.mistakes
    # Statements on one line may be wrong alike.
    return sorted(dict.fromkeys((*wrong, *_mistakes_of_ids(good))), key=lambda each: each.line or 0)


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield where each statement begins and ends; what is only blank or comment is none."""
    ends = [found.end() for found in _TOKEN.finditer(text) if found.group() == ";"]
    for start, end in pairwise((0, *ends, len(text))):
        blank = _BLANK.match(text, start)
        if blank is None or blank.end() < end:
            yield start, end


def _mistakes_of_ids(statements: Iterable[Statement]) -> Iterator[Mistake]:
    ids: set[str] = set()
    for each in statements:
        if each.id in ids:
            twice = f"two statements have the id {each.id!r}; each needs one of its own"
            yield Mistake(message=twice, line=each.line, field="@id")
        ids.add(each.id)


def _mistakes_of_annotations(statement: Statement) -> Iterator[Mistake]:
    def wrong(annotation: str, message: str) -> Mistake:
        return Mistake(message=f"{annotation}: {message}", line=statement.line, field=annotation)

    known = ", ".join(sorted(APPROVAL_WORDS))
    for word in sorted(statement.approval - APPROVAL_WORDS):
        yield wrong("@approval", f"{word!r} is none of {known}")
    if (alias := statement.cedar.annotations.get("alias", _RESERVED)) != _RESERVED:
        yield wrong("@alias", f"{alias!r} is not {_RESERVED}")
    urgent = statement.cedar.annotations.get("urgent", _URGENT)
    if urgent != _URGENT:
        yield wrong("@urgent", f'{urgent!r} is not {_URGENT}; write @urgent("{_URGENT}"), or leave it out')
    if statement.is_urgent and statement.effect != "forbid":
        yield wrong("@urgent", "only a forbid can be urgent; leave it out here")
    try:
        delay = statement.delay
    except InvalidInputError as error:
        yield wrong("@delay", str(error))
    else:
        if delay is not None and not permits_accept(statement.cedar):
            yield wrong("@delay", "only what permits accept can be delayed; leave it out here")


def permits_accept(statement: pst.Template) -> bool:
    """Return whether a statement is a permit of ``accept``, of whatever else it is one."""
    if statement.effect != "permit":
        return False
    match statement.action:
        case pst.ActionEq(entity):
            return bool(entity.id == _ACCEPT)
        case pst.ActionIn(entities):
            return any(entity.id == _ACCEPT for entity in entities)
        case _:
            return True


def _parse(name: str, text: str, lines: list[int]) -> pst.PolicySet:
    try:
        parsed = cedarpy.PolicySet.from_str(text)
    except ValueError as error:
        line = _first_line_that(cedarpy.PolicySet.from_str, text, lines)
        raise _invalid(name, on_one_line(str(error)), line) from error
    try:
        return parsed.to_pst()
    except ValueError as error:
        # A chain of a hundred operators is as deep, to Cedar, as that many brackets.
        line = _first_line_that(lambda part: cedarpy.PolicySet.from_str(part).to_pst(), text, lines)
        too_many = "the condition has too many parts; split it, or ask a set: [...].contains(...)"
        raise _invalid(name, too_many, line) from error


APPROVAL_WORDS = frozenset({"sensitive", "two-person", "self-approval"})


def _words_of_approval(cedar: pst.Template) -> frozenset[str]:
    return frozenset(word for each in cedar.annotations.get("approval", "").split(",") if (word := each.strip()))


def _words(error: str) -> str:
    # "for policy `policy0`, attribute … not found": Cedar's number of the statement says nothing to anybody.
    return re.sub(r"^for policy `policy\d+`, ", "", error)


_OF_ONE = re.compile(r"""(.* (?:in context for|on entity type) )(Action::"\w+"|`\w+`)(.*)""", re.DOTALL)


def _in_order(found: Iterable[tuple[int, str]]) -> Iterator[Mistake]:
    """Yield Cedar's errors, each with its line, as mistakes: it gives them in any order, anew each time.

    One that it gives for each action, or each type of a resource, is told once, with all of them.
    """
    named: dict[tuple[int, str, str], dict[str, None]] = {}
    # First what Cedar does not know: that no action is left follows from it.
    for line, words in sorted(found, key=lambda each: (each[0], not each[1].startswith("unrecognized "), each[1])):
        of_one = _OF_ONE.fullmatch(words)
        before, name, after = of_one.groups() if of_one else (words, "", "")
        named.setdefault((line, before, after), {})[name] = None
    for (line, before, after), names in named.items():
        yield Mistake(message=f"{before}{', '.join(names)}{after}", line=line)


def _statement(policy: str, number: int, cedar: pst.Template, lines: list[int]) -> Statement:
    own_id = cedar.annotations.get("id") or _default_id(policy, number)
    reason = cedar.annotations.get("reason") or f"Policy {own_id} {cedar.effect}s it."
    return Statement(own_id, policy, lines[number], reason, cedar, facts_in(cedar))


def _default_id(policy: str, number: int) -> str:
    return policy if number == 0 else f"{policy}#{number + 1}"


def _number(cedar_id: str) -> int:
    # Cedar numbers the statements of a text: policy0, policy1, …
    return int(cedar_id.removeprefix("policy"))


# Strings and comments may hold semicolons.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|;', re.DOTALL)


_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|[(\[{]|[)\]}]', re.DOTALL)


def _too_deep(text: str) -> int | None:
    """Return the line where brackets are nested too deep, outside of strings and comments; ``None`` if nowhere."""
    depth = 0
    for found in _BRACKET.finditer(text):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(found.group(), 0)
        if depth > _DEEPEST:
            return text.count("\n", 0, found.start()) + 1
    return None


_CHAINED = re.compile(r'"(?:[^"\\]|\\.)*"|//[^\n]*|[.\[+*-]|;', re.DOTALL)


def _chained(text: str) -> int | None:
    """Return the line where a statement has too many operators that can be chained; ``None`` if nowhere."""
    found = 0
    for each in _CHAINED.finditer(text):
        if each.group() == ";":
            found = 0
        elif len(each.group()) == 1:
            found += 1
        if found > _LONGEST_CHAIN:
            return text.count("\n", 0, each.start()) + 1
    return None


def _statement_lines(text: str) -> list[int]:
    """Return the line, counted from 1, on which each statement starts, and the one on which another would."""
    starts = [0, *(found.end() for found in _TOKEN.finditer(text) if found.group() == ";")]
    return [_line_at(text, start) for start in starts]


_BLANK = re.compile(r"(?:\s|//[^\n]*)*")


def _line_at(text: str, start: int) -> int:
    blank = _BLANK.match(text, start)
    return text.count("\n", 0, blank.end() if blank else start) + 1


def _first_line_that(fails: Callable[[str], object], text: str, lines: list[int]) -> int:
    """Return the line of the first statement that fails by itself: Cedar's binding gives no position."""
    ends = [found.end() for found in _TOKEN.finditer(text) if found.group() == ";"]
    start = 0
    for number, end in enumerate(ends):
        try:
            fails(text[start:end])
        except ValueError:
            return lines[number]
        start = end
    return lines[-1]
