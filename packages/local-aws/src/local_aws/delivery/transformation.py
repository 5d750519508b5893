"""What a rule's target gets of an event: all of it, a part, constant text, or a template that is filled in.

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
    """Return the text that the target gets; ``reserved`` are the ``aws.events.…`` variables."""
    if target.get("Input") is not None:
        return str(target["Input"])
    if target.get("InputPath"):
        found = look_up(target["InputPath"], event)
        return json.dumps(None if found is _MISSING else found)
    transformer = target.get("InputTransformer")
    if transformer:
        values = {name: look_up(path, event) for name, path in (transformer.get("InputPathsMap") or {}).items()}
        return fill_in(transformer["InputTemplate"], {**values, **reserved})
    return json.dumps(event)


def look_up(path: str, event: Any) -> Any:
    """Follow a JSON path of EventBridge's kind (``$.detail.state``, ``$.resources[0]``)."""
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
            return [look_up(rest, each) for each in value] if isinstance(value, list) else _MISSING
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


def fill_in(template: str, values: Mapping[str, Any]) -> str:
    """Replace ``<name>``: bare as JSON, within a string as text; what the event does not have disappears."""
    filled = []
    position = 0
    quoted = False
    for placeholder in _PLACEHOLDER.finditer(template):
        before = template[position : placeholder.start()]
        quoted ^= len(re.findall(r'(?<!\\)"', before)) % 2 == 1
        filled.append(before)
        position = placeholder.end()
        name = placeholder["name"]
        filled.append(_shown(values[name], quoted=quoted) if name in values else placeholder[0])
    filled.append(template[position:])
    return "".join(filled)


def _shown(value: Any, *, quoted: bool) -> str:
    if value is _MISSING:
        return "" if quoted else '""'
    if not quoted:
        return json.dumps(value)
    if isinstance(value, str):
        # It stands in a JSON string: what would end the string is escaped.
        return json.dumps(value)[1:-1]
    return json.dumps(value).replace('"', "") if isinstance(value, dict | list) else json.dumps(value)
