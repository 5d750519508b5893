"""Leave of botocore's data in an artifact what the functions call: the operations in ``operations.txt``.

A client is built from its service's model, of which EC2's has 830 operations and 9 MB: with the two dozen that are
called it is built in a few milliseconds instead of some hundred, and the artifact is smaller. What a client needs
besides (errors, endpoints, retries, pages) stays as it is. The same data always give the same bytes.
"""

import gzip
import json
import shutil
import sys
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

OPERATIONS = Path(__file__).with_name("operations.txt")

_MODEL = "service-2"
_BY_OPERATION = {"paginators-1": "pagination", "waiters-2": "waiters"}
"""Files of a service that have an entry for each operation, and where; a waiter's says itself which it calls."""
_OF_RESOURCES = {"dynamodb": ["TableDescription"]}
"""Shapes that boto3 makes its resources from, of which the functions use the ``Table``."""

_FOR_PEOPLE = "examples-1"
_ENDPOINTS = "endpoints.json"


def operations(text: str) -> dict[str, frozenset[str]]:
    """Return the operations by service, from a text with ``service:Operation`` on each line."""
    found: dict[str, set[str]] = defaultdict(set)
    for line in text.split():
        service, _, operation = line.partition(":")
        found[service].add(operation)
    return {service: frozenset(names) for service, names in found.items()}


def pruned(model: Mapping[str, Any], names: Collection[str], shapes: Collection[str] = ()) -> dict[str, Any]:
    """Return a service's model with these operations and shapes, all that they reach, and nothing for people to read.

    Raises:
        ValueError: the service has no such operation.
    """
    if missing := sorted(set(names) - model["operations"].keys()):
        raise ValueError(f"{model['metadata']['serviceId']} has no operation {', '.join(missing)}")
    kept = {name: each for name, each in model["operations"].items() if name in names}
    reached = _reached([*_named_by(kept.values()), *shapes], model["shapes"])
    kept_shapes = {name: each for name, each in model["shapes"].items() if name in reached}
    found: dict[str, Any] = _without_documentation({**model, "operations": kept, "shapes": kept_shapes})
    return found


def _named_by(operations: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for each in operations:
        yield from _shapes_in([each.get("input"), each.get("output"), *each.get("errors", [])])


def _reached(names: Iterable[str], shapes: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    left = list(names)
    while left:
        name = left.pop()
        if name not in found:
            found.add(name)
            shape = shapes[name]
            left += _shapes_in([*shape.get("members", {}).values(), *map(shape.get, ("member", "key", "value"))])
    return found


def _shapes_in(references: Iterable[Mapping[str, Any] | None]) -> Iterator[str]:
    return (each["shape"] for each in references if each)


def _without_documentation(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_documentation(each) for each in part]
    if isinstance(part, dict):
        # A member of that name is no text.
        return {
            name: _without_documentation(each)
            for name, each in part.items()
            if name != "documentation" or not isinstance(each, str)
        }
    return part


def prune(data: Path, called: Mapping[str, Collection[str]]) -> None:
    """Prune botocore's folder of data in place; what was pruned before stays as it is.

    Raises:
        ValueError: what is called is not there.
    """
    there = {each.name: each for each in data.iterdir() if each.is_dir()}
    if missing := sorted(called.keys() - there.keys()):
        raise ValueError(f"botocore has no service {', '.join(missing)}")
    for name in there.keys() - called.keys():
        shutil.rmtree(there[name])
    prefixes = {_prune_service(there[name], names) for name, names in called.items()}
    endpoints = _read(data / _ENDPOINTS)
    for partition in endpoints["partitions"]:
        partition["services"] = {name: each for name, each in partition["services"].items() if name in prefixes}
    _replace(data / _ENDPOINTS, endpoints)


def _prune_service(service: Path, names: Collection[str]) -> str:
    """Prune a service's folder; return the name that its endpoints have."""
    # Versions are dates.
    *earlier, newest = sorted(each for each in service.iterdir() if each.is_dir())
    for each in earlier:
        shutil.rmtree(each)
    files = {each.name.removesuffix(".gz").removesuffix(".json"): each for each in newest.iterdir()}
    if _FOR_PEOPLE in files:
        files[_FOR_PEOPLE].unlink()
    for kind, part in _BY_OPERATION.items():
        if kind in files:
            content = _read(files[kind])
            entries = content.get(part, {})
            kept = {name: each for name, each in entries.items() if each.get("operation", name) in names}
            _replace(files[kind], {**content, part: kept})
    model = pruned(_read(files[_MODEL]), names, _OF_RESOURCES.get(service.name, []))
    _replace(files[_MODEL], model)
    prefix: str = model["metadata"]["endpointPrefix"]
    return prefix


def _read(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    read: dict[str, Any] = json.loads(gzip.decompress(content) if path.suffix == ".gz" else content)
    return read


def _replace(path: Path, content: Mapping[str, Any]) -> None:
    """Write what a file is to hold, as it is read the fastest: not compressed, for it is small by now."""
    path.unlink()
    path.with_name(path.name.removesuffix(".gz")).write_text(json.dumps(content, separators=(",", ":")))


def main(artifact: str) -> None:
    prune(Path(artifact) / "python" / "botocore" / "data", operations(OPERATIONS.read_text()))


if __name__ == "__main__":
    main(sys.argv[1])
