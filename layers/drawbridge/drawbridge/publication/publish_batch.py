"""Many names in few calls: ten parameters are read at once, and the plain names of all are written before any JSON.

What is wrong with one of them does not keep out the others: a read that AWS refuses falls back to its parts.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TypeVar

import msgspec
from msgspec import Struct

from drawbridge.bounds import in_parts
from drawbridge.errors import ConflictError, DrawbridgeError
from drawbridge.publication.names import document_parameter, name_parameter
from drawbridge.publication.parameters import (
    DesiredParameter,
    DesiredParameters,
    MayReplace,
    ObservedParameter,
    ObservedParameters,
    PublicationStore,
    Refuse,
    WriteParameters,
    observed_parameters,
    plan_parameters,
    write_document,
    write_name,
)

MOST_READ = 5
"""Names whose two parameters are read in one call, which takes ten."""

Key = TypeVar("Key")


class ReadAtOnce:
    """The parameters of some names, read together when the first is asked for."""

    def __init__(self, store: PublicationStore, due: Iterable[DesiredParameters]) -> None:
        self._store = store
        self._paths = [each.path for each in due]
        self._read: dict[str, Mapping[str, ObservedParameter] | DrawbridgeError] = {}

    def at(self, path: str) -> Mapping[str, ObservedParameter]:
        """Return what is there of the two parameters below the path.

        Raises:
            DrawbridgeError: these two could not be read.
        """
        if path not in self._read:
            start = self._paths.index(path)
            self._read |= self._of(self._paths[start : start + MOST_READ])
        found = self._read[path]
        if isinstance(found, DrawbridgeError):
            raise found
        return found

    def _of(self, paths: Sequence[str]) -> dict[str, Mapping[str, ObservedParameter] | DrawbridgeError]:
        both = [name for path in paths for name in (name_parameter(path), document_parameter(path))]
        try:
            found = self._store.read_all(both)
        except DrawbridgeError as error:
            if len(paths) == 1:
                return {paths[0]: error}
            return {path: one for each in paths for path, one in self._of([each]).items()}
        return dict.fromkeys(paths, found)


class NameWrites(Struct, frozen=True):
    """What is to be written of one name, and what is in the way of the rest."""

    write: WriteParameters | None
    refusal: Refuse | None
    may_replace: MayReplace


def plan_writes(
    due: Mapping[Key, tuple[DesiredParameters, MayReplace]], store: PublicationStore
) -> dict[Key, NameWrites | DrawbridgeError]:
    """Compare what is due with what is published, each for itself."""
    read = ReadAtOnce(store, [desired for desired, _ in due.values()])
    planned: dict[Key, NameWrites | DrawbridgeError] = {}
    for key, (desired, may_replace) in due.items():
        try:
            observed = observed_parameters(desired, read.at(desired.path), may_replace)
        except DrawbridgeError as error:
            planned[key] = error
            continue
        planned[key] = _name_writes(desired, observed, may_replace)
    return planned


def plan_documents(
    due: Mapping[Key, tuple[DesiredParameters, MayReplace]], store: PublicationStore, *, named: Collection[Key]
) -> dict[Key, NameWrites | DrawbridgeError]:
    """Compare the JSON that is due with what is published, of names that are published: these are not read again.

    The writes of those whose plain name was written for it have the name as well: it is taken back if AWS refuses the
    JSON.
    """
    paths = {document_parameter(desired.path): key for key, (desired, _) in due.items()}
    planned: dict[Key, NameWrites | DrawbridgeError] = {}
    for some in in_parts([*paths], 2 * MOST_READ):
        found = _documents(some, store)
        for document in some:
            key = paths[document]
            desired, may_replace = due[key]
            there = found[document]
            if isinstance(there, DrawbridgeError):
                planned[key] = there
                continue
            planned[key] = _document_writes(desired, there, may_replace, was_named=key in named)
    return planned


def _documents(
    names: Sequence[str], store: PublicationStore
) -> Mapping[str, ObservedParameter | DrawbridgeError | None]:
    """Return what is there of parameters, or why one could not be read."""
    try:
        found = store.read_all(names)
    except DrawbridgeError as error:
        if len(names) == 1:
            return {names[0]: error}
        return {name: one for each in names for name, one in _documents([each], store).items()}
    return {each: found.get(each) for each in names}


def _document_writes(
    desired: DesiredParameters, there: ObservedParameter | None, may_replace: MayReplace, *, was_named: bool
) -> NameWrites:
    dns_name = desired.document.dns_name
    plain, document = name_parameter(desired.path), document_parameter(desired.path)
    published = {} if dns_name is None else {plain: ObservedParameter(value=dns_name, subject=desired.subject)}
    observed = observed_parameters(desired, published | ({} if there is None else {document: there}), may_replace)
    writes = _name_writes(desired, observed, may_replace)
    if writes.write is None or dns_name is None or not was_named:
        return writes
    named = msgspec.structs.replace(writes.write, name=DesiredParameter(name=plain, value=dns_name))
    return msgspec.structs.replace(writes, write=named)


def _name_writes(desired: DesiredParameters, observed: ObservedParameters, may_replace: MayReplace) -> NameWrites:
    actions = plan_parameters(desired, observed)
    write = next((each for each in actions if isinstance(each, WriteParameters)), None)
    refusal = next((each for each in actions if isinstance(each, Refuse)), None)
    return NameWrites(write, refusal, may_replace)


def write_names(writes: Mapping[Key, NameWrites], store: PublicationStore) -> dict[Key, DrawbridgeError]:
    """Write the plain names; return why of those that are not written. Nothing is written beside those."""
    return _each(writes, lambda each, write: write_name(write, store, each.may_replace))


def write_documents(writes: Mapping[Key, NameWrites], store: PublicationStore) -> dict[Key, DrawbridgeError]:
    """Write the JSON beside the names; return why of those that are not written, or whose names are refused."""
    failed = _each(writes, lambda each, write: write_document(write, store, each.may_replace))
    refused = {key: ConflictError(each.refusal.why) for key, each in writes.items() if each.refusal}
    return {**refused, **failed}


def _each(
    writes: Mapping[Key, NameWrites], do: Callable[[NameWrites, WriteParameters], object]
) -> dict[Key, DrawbridgeError]:
    failed: dict[Key, DrawbridgeError] = {}
    for key, each in writes.items():
        if each.write is not None:
            try:
                do(each, each.write)
            except DrawbridgeError as error:
                failed[key] = error
    return failed
