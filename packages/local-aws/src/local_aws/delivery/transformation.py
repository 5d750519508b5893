"""The input of a rule's target: the event, a part of it, constant text, or a template that is filled in.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.(?P<name>[^.\[\]]+)|\[(?P<index>\d+)\]|\['(?P<quoted>[^']+)'\]|\[(?P<all>\*)\]")
_PLACEHOLDER = re.compile(r"<(?P<name>[A-Za-z0-9_.-]+)>")
_MISSING = object()


def body_for(target: Mapping[str, Any], event: Mapping[str, Any], reserved: Mapping[str, Any]) -> str:
    """Return the text that the target receives; ``reserved`` are the ``aws.events.…`` variables."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        value = value_at(target["InputPath"], event)
        return json.dumps(None if value is _MISSING else value)
    transformer = target.get("InputTransformer")
    if transformer:
        values = {name: value_at(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
        return fill_template(transformer["InputTemplate"], {**values, **reserved})
    return json.dumps(event)


def value_at(path: str, event: Any) -> Any:
    """Return the value at a JSON path of EventBridge's kind (``$.detail.state``, ``$.resources[0]``)."""
    if not path.startswith("$"):
        return _MISSING
    value = event
    position = 1
    while position < len(path):
        step = _STEP.match(path, position)
        if step is None:
            return _MISSING
        position = step.end()
        if step["all"]:
            rest = "$" + path[position:]
            return [value_at(rest, each) for each in value] if isinstance(value, list) else _MISSING
        value = _step(value, step)
        if value is _MISSING:
            return _MISSING
    return value


def _step(value: Any, step: re.Match[str]) -> Any:
    if step["index"] is not None:
        index = int(step["index"])
        return value[index] if isinstance(value, list) and index < len(value) else _MISSING
    name = step["name"] or step["quoted"]
    return value.get(name, _MISSING) if isinstance(value, dict) else _MISSING


def fill_template(template: str, values: Mapping[str, Any]) -> str:
    """Replace each ``<name>``: bare as JSON, within a string as text, and without a value by nothing."""
    filled = []
    position = 0
    quoted = False
    for placeholder in _PLACEHOLDER.finditer(template):
        before = template[position : placeholder.start()]
        quoted ^= len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        filled.append(before)
        position = placeholder.end()
        name = placeholder["name"]
        filled.append(_as_text(values[name], quoted=quoted) if name in values else placeholder[0])
    filled.append(template[position:])
    return "".join(filled)


def _as_text(value: Any, *, quoted: bool) -> str:
    if value is _MISSING:
        return "" if quoted else '""'
    if not quoted:
        return json.dumps(value)
    if isinstance(value, str):
        # It is inside a JSON string: what would end the string is escaped.
        return json.dumps(value)[1:-1]
    return json.dumps(value).replace('"', "") if isinstance(value, dict | list) else json.dumps(value)
