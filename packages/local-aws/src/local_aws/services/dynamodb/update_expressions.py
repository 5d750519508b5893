"""DynamoDB's update expressions, validated in linear time; moto's time grows with the square of their length."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from moto.dynamodb.exceptions import DuplicateUpdateExpression, TooManyClauses
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import ActionCountValidator, OverlappingPathsValidator

_KINDS = "_local_aws_kinds"


def install() -> None:
    """Parse an expression once, find out once how a kind of node is processed, and copy nodes without pickling them.

    moto parses the expression of an update twice, and changes only copies of what it parsed.
    """
    UpdateExpressionParser.make = lru_cache(maxsize=256)(UpdateExpressionParser.make)
    DepthFirstTraverser.traverse_node_recursively = _traverse
    Node.__deepcopy__ = _copied
    _validate_the_whole_first(ActionCountValidator, "verify_action_counts", TooManyClauses)
    _validate_the_whole_first(OverlappingPathsValidator, "check_for_overlapping_paths", DuplicateUpdateExpression)


def _validate_the_whole_first(validator: Any, check: str, refusal: type[Exception]) -> None:
    """Validate the parts of an expression only if the whole is invalid, for the first part that is.

    An expression holds one that begins after its first action, and so on: moto reads all of each of them.
    """
    traverse = validator.traverse

    def traverse_if_invalid(self: Any, node: Any) -> Any:
        try:
            return getattr(self, check)(node)
        except refusal:
            return traverse(self, node)

    validator.traverse = traverse_if_invalid


def _traverse(self: Any, node: Any, child_id: int = -1) -> Any:
    """Process the nodes below this one, and then it, as moto's method does."""
    kinds = vars(self).setdefault(_KINDS, {})
    kind = type(node)
    if kind not in kinds:
        kinds[kind] = _processing(self, kind)
    is_node, process = kinds[kind]
    if not is_node:
        return node
    parent = node.parent
    for place, child in enumerate(node.children or ()):
        self.pre_processing_of_child(node, place)
        self.traverse_node_recursively(child, place)
    if process is not None:
        node = process(node)
        node.parent = parent
        if parent:
            parent.children[child_id] = node
    return node


def _processing(validator: Any, kind: type) -> tuple[bool, Callable[[Any], Any] | None]:
    """Return whether this is a kind of node, and what processes it, if anything does."""
    processors = validator._processing_map().items()  # noqa: SLF001 - moto has no other way
    return issubclass(kind, Node), next((process for each, process in processors if issubclass(kind, each)), None)


def _copied(self: Any, memo: dict[int, Any]) -> Any:
    """Copy a node with all below it; its parent too, unless that is being copied."""
    made = memo[id(self)] = object.__new__(type(self))
    for name, held in vars(self).items():
        vars(made)[name] = held if type(held) is str else copy.deepcopy(held, memo)
    return made
