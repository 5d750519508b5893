"""The two parameters of a name, the plain one and the JSON beside it: compared with what is due, written if ours."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.errors import (
    AccessDeniedError,
    ConflictError,
    DrawbridgeError,
    NotReadyError,
    QuotaExceededError,
    RefusedError,
)
from drawbridge.publication.documents import Document, differences, says_the_same, to_parameter
from drawbridge.publication.names import document_parameter, name_parameter

_FOR_GOOD = (AccessDeniedError, ConflictError, QuotaExceededError, RefusedError)
"""Errors that the next try would meet again."""


class ObservedParameter(Struct, frozen=True, kw_only=True):
    """A published parameter, and what it is published for."""

    value: str
    subject: str
    """The ARN or id in our ownership tag; empty if the parameter does not carry it."""


class PublicationStore(Protocol):
    """Parameter Store, as publication needs it."""

    def read(self, name: str) -> ObservedParameter | None: ...

    def read_all(self, names: Sequence[str]) -> Mapping[str, ObservedParameter]:
        """Return those of the parameters that are there, in as few calls as that takes."""
        ...

    def create(self, name: str, value: str, *, subject: str) -> bool:
        """Write a new parameter with our ownership tag; ``False`` if there is one of that name."""
        ...

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        """Write a parameter that carries our ownership tag."""
        ...

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Return name and value of all parameters below a path."""
        ...

    def remove_all(self, subjects: Mapping[str, str]) -> Mapping[str, DrawbridgeError]:
        """Remove those parameters that carry our ownership tag and are of the subject that is given for each.

        Any other is left alone. Returned is why of those that are not removed.
        """
        ...


class MayReplace(Protocol):
    """Decides whether what is published for another subject may be overwritten."""

    def __call__(self, other: str, /) -> bool: ...


class DesiredParameters(Struct, frozen=True, kw_only=True):
    """A name that is due in Parameter Store."""

    path: str
    """Of the two parameters, which are below it."""
    subject: str
    """The ARN or id that it is published for."""
    document: Document


class ObservedParameters(Struct, frozen=True, kw_only=True):
    """What is published where a name is due."""

    name: ObservedParameter | None
    document: ObservedParameter | None
    replaceable: frozenset[str] = frozenset()
    """Those of their subjects whose parameters may be overwritten for the one that is due."""


class DesiredParameter(Struct, frozen=True, kw_only=True):
    """A parameter as it is to be."""

    name: str
    value: str


class WriteParameters(Struct, frozen=True, kw_only=True):
    """Write the plain name, the JSON beside it, or both: the name first, since applications wait for it."""

    path: str
    """Of the two parameters, which are below it."""
    name: DesiredParameter | None = None
    document: DesiredParameter | None = None
    subject: str
    are_new: bool
    """Whether neither was there."""
    is_first: bool
    """Whether there was no JSON: it alone tells what is to be taken back, so that no name stays without one."""
    why: tuple[str, ...]

    @property
    def parameters(self) -> tuple[DesiredParameter, ...]:
        """Return what is written, in its order."""
        return tuple(each for each in (self.name, self.document) if each is not None)


class RemoveParameters(Struct, frozen=True, kw_only=True):
    """Remove the plain name and the JSON beside it."""

    names: tuple[str, ...]
    """In the order in which they are removed."""
    subject: str


class Refuse(Struct, frozen=True, kw_only=True):
    """Go no further with a name: it is somebody else's, or can't be."""

    why: str


ParameterAction = WriteParameters | RemoveParameters | Refuse


def observe_parameters(
    desired: DesiredParameters, store: PublicationStore, may_replace: MayReplace
) -> ObservedParameters:
    """Read what is published where a name is due."""
    names = (name_parameter(desired.path), document_parameter(desired.path))
    return observed_parameters(desired, store.read_all(names), may_replace)


def observed_parameters(
    desired: DesiredParameters, there: Mapping[str, ObservedParameter], may_replace: MayReplace
) -> ObservedParameters:
    """Return what is published where a name is due; ``there`` are the parameters that were read."""
    document, name = there.get(document_parameter(desired.path)), there.get(name_parameter(desired.path))
    return ObservedParameters(
        name=name, document=document, replaceable=_replaceable(desired.subject, may_replace, document, name)
    )


def plan_parameters(desired: DesiredParameters, observed: ObservedParameters) -> tuple[WriteParameters | Refuse, ...]:
    """Compare what is due with what is published; there is nothing to do where both say the same."""
    document, name = _differing(desired, observed)
    # Beside a JSON that is another's no name is published.
    conflict = _conflict(document, observed.document, desired.subject, observed.replaceable)
    if conflict:
        document = name = None
    else:
        conflict = _conflict(name, observed.name, desired.subject, observed.replaceable)
        name = None if conflict else name
    write = WriteParameters(
        path=desired.path,
        name=name,
        document=document,
        subject=desired.subject,
        are_new=observed.name is None and observed.document is None,
        is_first=observed.document is None,
        why=tuple(_why(desired, observed)),
    )
    return (*([write] if write.parameters else []), *([Refuse(why=conflict)] if conflict else []))


def apply_parameters(action: ParameterAction, store: PublicationStore, may_replace: MayReplace) -> None:
    """Do the action. What is there by now is read right before it is overwritten or removed.

    Raises:
        ConflictError: a parameter is not ours, or is another's that may not be replaced.
        NotReadyError: somebody deletes one at the same time.
    """
    match action:
        case WriteParameters():
            write_name(action, store, may_replace)
            write_document(action, store, may_replace)
        case RemoveParameters():
            for error in store.remove_all(dict.fromkeys(action.names, action.subject)).values():
                raise error
        case Refuse():
            raise ConflictError(action.why)
        case _:
            assert_never(action)


def write_name(action: WriteParameters, store: PublicationStore, may_replace: MayReplace) -> None:
    """Write the plain name, if it is to be written."""
    if action.name is not None:
        _write(action.name, store, action.subject, may_replace, is_new=action.are_new)


def write_document(action: WriteParameters, store: PublicationStore, may_replace: MayReplace) -> None:
    """Write the JSON, if it is to be written. A plain name that was written for it and can't have one is taken back."""
    if action.document is None:
        return
    try:
        _write(action.document, store, action.subject, may_replace, is_new=action.is_first)
    except _FOR_GOOD:
        if action.is_first and action.name is not None:
            store.remove_all({name_parameter(action.path): action.subject})
        raise


def _write(
    parameter: DesiredParameter, store: PublicationStore, subject: str, may_replace: MayReplace, *, is_new: bool
) -> None:
    name = parameter.name
    there = None if is_new else store.read(name)
    if there is None:
        if store.create(name, parameter.value, subject=subject):
            return
        there = store.read(name)
    if there is None:
        raise NotReadyError(f"{name} was deleted a moment ago")
    if conflict := _conflict(parameter, there, subject, _replaceable(subject, may_replace, there)):
        raise ConflictError(conflict)
    store.overwrite(name, parameter.value, subject=subject)


def _differing(
    desired: DesiredParameters, observed: ObservedParameters
) -> tuple[DesiredParameter | None, DesiredParameter | None]:
    """Return the JSON and the plain name, as far as they are not there as they are due."""
    document: DesiredParameter | None = None
    name: DesiredParameter | None = None
    there = observed.document
    if there is None or not says_the_same(desired.document, there.value) or there.subject != desired.subject:
        document = DesiredParameter(name=document_parameter(desired.path), value=to_parameter(desired.document))
    # Of what has no name only the JSON is published.
    dns_name, there = desired.document.dns_name, observed.name
    if dns_name is not None and (there is None or there.value != dns_name or there.subject != desired.subject):
        name = DesiredParameter(name=name_parameter(desired.path), value=dns_name)
    return document, name


def _why(desired: DesiredParameters, observed: ObservedParameters) -> Iterator[str]:
    """Yield what differs; nothing where nothing is published."""
    if observed.name is None and observed.document is None:
        return
    document, plain, in_json = desired.document, name_parameter(desired.path), document_parameter(desired.path)
    for parameter, there in ((plain, observed.name), (in_json, observed.document)):
        if there is None:
            yield f"{parameter} is missing"
        elif there.subject != desired.subject:
            yield f"{parameter} is of {there.subject}"
    if observed.name is not None and observed.name.value != document.dns_name:
        yield f"{plain}: {observed.name.value} -> {document.dns_name}"
    if observed.document is not None:
        yield from differences(document, observed.document.value)


def _conflict(
    parameter: DesiredParameter | None, existing: ObservedParameter | None, subject: str, replaceable: Collection[str]
) -> str:
    """Return why what is there is not overwritten; empty if it is, or if there is nothing, or nothing to write."""
    if existing is None or parameter is None:
        return ""
    name = parameter.name
    if not existing.subject:
        return f"{name} is there and not Drawbridge's; delete it, or rename the binding"
    if existing.subject != subject and existing.subject not in replaceable:
        return f"{name} is published for {existing.subject}; match one of the two, or delete the parameter"
    return ""


def _replaceable(subject: str, may_replace: MayReplace, *existing: ObservedParameter | None) -> frozenset[str]:
    others = {each.subject for each in existing if each is not None} - {"", subject}
    return frozenset(other for other in others if may_replace(other))
