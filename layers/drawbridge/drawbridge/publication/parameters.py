"""The two parameters of a name, the plain one and the JSON beside it: compared with what is due, written if ours."""

from collections.abc import Collection, Iterable, Iterator
from typing import Protocol, assert_never

from msgspec import Struct

from drawbridge.errors import ConflictError, NotReadyError
from drawbridge.publication.documents import Document, differences, says_the_same, to_parameter
from drawbridge.publication.names import document_parameter, name_parameter


class ObservedParameter(Struct, frozen=True, kw_only=True):
    """A published parameter, and what it is published for."""

    value: str
    subject: str
    """The ARN or id in our ownership tag; empty if the parameter does not carry it."""


class PublicationStore(Protocol):
    """Parameter Store, as publication needs it."""

    def read(self, name: str) -> ObservedParameter | None: ...

    def create(self, name: str, value: str, *, subject: str) -> bool:
        """Write a new parameter with our ownership tag; ``False`` if there is one of that name."""
        ...

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        """Write a parameter that carries our ownership tag."""
        ...

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Return name and value of all parameters below a path."""
        ...

    def remove(self, name: str, *, subject: str) -> None:
        """Remove a parameter that carries our ownership tag and is of that subject; any other is left alone."""
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
    """Write the plain name, the JSON beside it, or both."""

    parameters: tuple[DesiredParameter, ...]
    """In the order in which they are written."""
    subject: str
    are_new: bool
    """Whether neither was there."""
    why: tuple[str, ...]


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
    document, name = store.read(document_parameter(desired.path)), store.read(name_parameter(desired.path))
    return ObservedParameters(
        name=name, document=document, replaceable=_replaceable(desired.subject, may_replace, document, name)
    )


def plan_parameters(desired: DesiredParameters, observed: ObservedParameters) -> tuple[WriteParameters | Refuse, ...]:
    """Compare what is due with what is published; there is nothing to do where both say the same."""
    to_write: list[DesiredParameter] = []
    conflict = ""
    for parameter, there in _differing(desired, observed):
        conflict = _conflict(parameter.name, there, desired.subject, observed.replaceable)
        if conflict:
            break
        to_write.append(parameter)
    write = WriteParameters(
        parameters=tuple(to_write),
        subject=desired.subject,
        are_new=observed.name is None and observed.document is None,
        why=tuple(_why(desired, observed)),
    )
    return (*([write] if to_write else []), *([Refuse(why=conflict)] if conflict else []))


def apply_parameters(action: ParameterAction, store: PublicationStore, may_replace: MayReplace) -> None:
    """Do the action. What is there by now is read right before it is overwritten or removed.

    Raises:
        ConflictError: a parameter is not ours, or is another's that may not be replaced.
        NotReadyError: somebody deletes one at the same time.
    """
    match action:
        case WriteParameters():
            for parameter in action.parameters:
                _write(parameter, store, action.subject, may_replace, is_new=action.are_new)
        case RemoveParameters():
            for name in action.names:
                store.remove(name, subject=action.subject)
        case Refuse():
            raise ConflictError(action.why)
        case _:
            assert_never(action)


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
    if conflict := _conflict(name, there, subject, _replaceable(subject, may_replace, there)):
        raise ConflictError(conflict)
    store.overwrite(name, parameter.value, subject=subject)


def _differing(
    desired: DesiredParameters, observed: ObservedParameters
) -> Iterator[tuple[DesiredParameter, ObservedParameter | None]]:
    """Yield the parameters that are not there as they are due, with what is there, in the order of writing."""
    # The JSON first: whoever waits for the name may read what is beside it at once.
    document, there = desired.document, observed.document
    if there is None or not says_the_same(document, there.value) or there.subject != desired.subject:
        yield DesiredParameter(name=document_parameter(desired.path), value=to_parameter(document)), there
    # Of what has no name only the JSON is published.
    name, there = document.dns_name, observed.name
    if name is not None and (there is None or there.value != name or there.subject != desired.subject):
        yield DesiredParameter(name=name_parameter(desired.path), value=name), there


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


def _conflict(name: str, existing: ObservedParameter | None, subject: str, replaceable: Collection[str]) -> str:
    """Return why what is there is not overwritten; empty if it is, or if there is nothing."""
    if existing is None:
        return ""
    if not existing.subject:
        return f"{name} is there and not Drawbridge's; delete it, or rename the binding"
    if existing.subject != subject and existing.subject not in replaceable:
        return f"{name} is published for {existing.subject}; match one of the two, or delete the parameter"
    return ""


def _replaceable(subject: str, may_replace: MayReplace, *existing: ObservedParameter | None) -> frozenset[str]:
    others = {each.subject for each in existing if each is not None} - {"", subject}
    return frozenset(other for other in others if may_replace(other))
