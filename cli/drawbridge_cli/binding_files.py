"""Bindings in files: one in each, named as its parameter."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from drawbridge.association.aliases import reserved_name
from drawbridge.association.binding import Binding
from drawbridge.association.parse_binding import InvalidBindingError, parse_binding
from drawbridge.document_lines import line_of
from drawbridge.document_mistakes import Mistake
from drawbridge_cli.alias_claims import claims_among
from drawbridge_cli.named_files import FileProblem, NamedFile, find_named

SUFFIXES = (".json", ".yaml", ".yml")


class CheckedBindings(Struct, frozen=True):
    """The result of a check."""

    bindings: tuple[Binding, ...]
    """The good ones."""
    texts: dict[str, str]
    """Their texts, by name."""
    problems: tuple[FileProblem, ...]
    notes: tuple[str, ...] = ()
    """What is valid, and may not be meant."""


def find_bindings(paths: Sequence[Path]) -> list[NamedFile]:
    """Read the files, and those in the folders and below them.

    Raises:
        InvalidFilesError: a path does not exist, can't be read, or has no binding in it.
    """
    return find_named(paths, SUFFIXES, "a binding")


def check_bindings(files: Iterable[NamedFile]) -> CheckedBindings:
    """Check each file, and all of them together, as if they were the bindings in force."""
    by_name: dict[str, NamedFile] = {}
    bindings: list[Binding] = []
    problems: list[FileProblem] = []
    for file in files:
        first = by_name.setdefault(file.name, file)
        if first is not file:
            problems.append(file.problem(Mistake(message=f"the name {file.name!r} is taken by {first.path}")))
            continue
        mistakes = [*filter(None, (file.refused(),))]
        good: tuple[Binding, ...] = ()
        try:
            good = () if file.is_too_long else (parse_binding(file.name, file.text),)
        except InvalidBindingError as error:
            mistakes += error.mistakes
        bindings += () if mistakes else good
        problems += map(file.problem, mistakes)
    for claim in claims_among(bindings):
        file = by_name[claim.second]
        line = line_of(file.text, "attach", "alias")
        problems.append(file.problem(Mistake(message=str(claim), line=line, field="attach.alias")))
    texts = {binding.name: by_name[binding.name].text for binding in bindings}
    notes = (f"binding {each.name}: {note}" for each in bindings for note in _notes(each))
    return CheckedBindings(tuple(bindings), texts, tuple(problems), tuple(notes))


def _notes(binding: Binding) -> Iterator[str]:
    alias = binding.attach.alias
    if alias is None:
        return
    if reserved := reserved_name(alias.name):
        yield f'its alias {alias.name} is {reserved}; it is made only if a policy says @alias("reserved")'
    if alias.public:
        yield f"its alias {alias.name} may be in a public zone, where everybody sees it"
