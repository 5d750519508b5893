"""Finding the line on which a value stands in a document, YAML or JSON.

msgspec names a field by its path, and YAML's parser knows where each value begins. It reads JSON too, except for
characters that YAML does not take (tabs among them): each is replaced by a space, which moves nothing.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

import yaml

PathElement = str | int | None
"""A key, an index, or ``None`` for an entry of a mapping that msgspec does not name."""

_AT = r"(?: - at `(?:key in )?\$([^`]*)`)?\Z"
_UNKNOWN = re.compile(rf"Object contains unknown field `(.*?)`{_AT}", re.DOTALL)
_MISSING = re.compile(rf"Object missing required field `(.*?)`{_AT}", re.DOTALL)
_WRONG = re.compile(rf".*?{_AT}", re.DOTALL)
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[\.\.\.\]")


def line_of_error(text: str, error: str) -> int | None:
    """Return the line of what msgspec's message names, counted from 1; ``None`` if it names nothing that is there.

    It is the line of the wrong value, of the unknown key, or of the key below which something is missing.
    """
    if (unknown := _UNKNOWN.match(error)) is not None:
        return _line(text, (*_steps(unknown.group(2)), unknown.group(1)), of_key=True)
    if (missing := _MISSING.match(error)) is not None:
        return _line(text, (*_steps(missing.group(2)), missing.group(1)))
    wrong = _WRONG.match(error)
    return _line(text, _steps(wrong.group(1)) if wrong else ())


def line_of(text: str, *path: str) -> int | None:
    """Return the line of the value at the end of the path, or else of the last of its keys that is there."""
    return _line(text, path)


def _steps(path: str | None) -> tuple[PathElement, ...]:
    found = _STEP.finditer(path or "")
    return tuple(int(each[2]) if each[2] else each[1] for each in found)


def _line(text: str, path: Sequence[PathElement], *, of_key: bool = False) -> int | None:
    node = _composed(text)
    key: yaml.Node | None = None
    for step in path:
        entry = _entry(node, step)
        if entry is None:
            return _begins(text, key)
        key, node = entry
    return _begins(text, key if of_key else node if path else None)


@lru_cache(maxsize=2)
def _composed(text: str) -> yaml.Node | None:
    """Return the nodes of a document, or ``None``. It takes long, and each mistake needs them."""
    try:
        return yaml.compose(yaml.reader.Reader.NON_PRINTABLE.sub(" ", text).replace("\t", " "), yaml.BaseLoader)
    except (yaml.YAMLError, ValueError, OverflowError, RecursionError):
        # Some JSON is no YAML, as where a key is longer than a thousand characters.
        return None


def _begins(text: str, node: yaml.Node | None) -> int | None:
    return None if node is None else text.count("\n", 0, node.start_mark.index) + 1


def _entry(node: yaml.Node | None, step: PathElement) -> tuple[yaml.Node, yaml.Node] | None:
    """Return key and value below the node; of a sequence, the item as both."""
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int):
        return (node.value[step], node.value[step]) if step < len(node.value) else None
    if not isinstance(node, yaml.MappingNode):
        return None
    if step is None:
        # Whatever is no text, first of all what is no scalar; in JSON a number is none either.
        by_kind = sorted(node.value, key=lambda entry: (isinstance(entry[1], yaml.ScalarNode), bool(_style(entry[1]))))
        return by_kind[0] if by_kind else None
    # Of a key that comes twice the last counts.
    return next((each for each in reversed(node.value) if each[0].value == step), None)


def _style(node: yaml.Node) -> str | None:
    """Return how a scalar is quoted."""
    return node.style if isinstance(node, yaml.ScalarNode) else None
