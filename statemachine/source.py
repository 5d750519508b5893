"""Definitions as people write them: YAML, with the aliases that they share.

What stands in the shared files is known to each definition by its key, and what stands in one to those after it.
Top-level keys that begin with ``x-`` hold what has an anchor and no place of its own; they are not part of the
definition.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import yaml

SHARED = ("failures.yaml", "removals.yaml")

_TEXT = "tag:yaml.org,2002:str"


def definition(path: Path) -> dict[str, Any]:
    """Return the definition that a file holds.

    Raises:
        yaml.MarkedYAMLError: it can't be read, or a key in it is told twice or no text. The error names file and line.
    """
    anchors: dict[str, yaml.Node] = {}
    for name in SHARED:
        with path.with_name(name).open(encoding="utf-8") as shared:
            anchors |= _anchored(shared, anchors)
    with path.open(encoding="utf-8") as stream:
        loader = _Loader(stream, anchors)
        read: dict[str, Any] = loader.get_single_data()
    return {key: value for key, value in read.items() if not key.startswith("x-")}


class _Loader(yaml.SafeLoader):
    """YAML as ``yaml.safe_load`` reads it, except that keys are text and each is told once."""

    def __init__(self, stream: TextIO, anchors: Mapping[str, yaml.Node] | None = None) -> None:
        super().__init__(stream)
        self.anchors = dict(anchors or {})

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        told: set[str] = set()
        for key, _ in node.value:
            if key.tag != _TEXT:
                # As "on", which YAML takes for true.
                raise yaml.MarkedYAMLError(problem="a key is text: put it in quotes", problem_mark=key.start_mark)
            if key.value in told:
                raise yaml.MarkedYAMLError(problem=f"{key.value} is told twice", problem_mark=key.start_mark)
            told.add(key.value)
        return node


def _anchored(shared: TextIO, anchors: Mapping[str, yaml.Node]) -> dict[str, yaml.Node]:
    """Return what each key of the file stands for, as if an anchor of that name stood before it."""
    node = _Loader(shared, anchors).get_single_node()
    return {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
