"""The two parameters of a name, the plain one and the JSON beside it: written if they changed, and only if ours."""

from collections.abc import Iterable
from typing import Protocol

from msgspec import Struct

from drawbridge.errors import ConflictError, NotReadyError
from drawbridge.publication.documents import Document, says_the_same, to_parameter


class Owned(Struct, frozen=True, kw_only=True):
    """A published parameter, and what it is published for."""

    value: str
    subject: str
    """The ARN or id in our ownership tag; empty if the parameter does not carry it."""


class Names(Protocol):
    """Parameter Store, as publication needs it."""

    def read(self, name: str) -> Owned | None: ...

    def create(self, name: str, value: str, *, subject: str) -> bool:
        """Write a new parameter with our ownership tag; ``False`` if there is one of that name."""
        ...

    def overwrite(self, name: str, value: str, *, subject: str) -> None:
        """Write a parameter that carries our ownership tag."""
        ...

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Give name and value of all parameters below a path."""
        ...

    def remove(self, name: str, *, subject: str) -> None:
        """Remove a parameter that carries our ownership tag and is of that subject; any other is left alone."""
        ...


class MayReplace(Protocol):
    """Tells whether what is published for another subject may be overwritten."""

    def __call__(self, other: str, /) -> bool: ...


def write(
    path: str,
    document: Document,
    published: Owned | None,
    names: Names,
    *,
    subject: str,
    may_replace: MayReplace,
) -> tuple[str, ...]:
    """Write both, unless they say the same already; give their names. ``published`` is the JSON as it is there.

    Of what has no name only the JSON is written.

    Raises:
        ConflictError: one of them is not ours, or is another's that may not be replaced.
    """
    beside = f"{path}/connection"
    plain = f"{path}/dns-name"
    # The JSON first: whoever waits for the name may read what is beside it at once.
    if published is None or not says_the_same(document, published.value) or published.subject != subject:
        _write(beside, to_parameter(document), published, names, subject=subject, may_replace=may_replace)
    if document.dns_name is None:
        return (beside,)
    named = names.read(plain)
    if named is None or named.value != document.dns_name or named.subject != subject:
        _write(plain, document.dns_name, named, names, subject=subject, may_replace=may_replace)
    return plain, beside


def _write(name: str, value: str, there: Owned | None, names: Names, *, subject: str, may_replace: MayReplace) -> None:
    if there is None:
        if names.create(name, value, subject=subject):
            return
        there = names.read(name)
    if there is None:
        raise NotReadyError(f"{name} was deleted a moment ago")
    check(name, there, subject=subject, may_replace=may_replace)
    names.overwrite(name, value, subject=subject)


def check(name: str, there: Owned, *, subject: str, may_replace: MayReplace) -> None:
    """Refuse to overwrite what is somebody else's.

    Raises:
        ConflictError: it is.
    """
    if not there.subject:
        raise ConflictError(f"{name} is there and not Drawbridge's; delete it, or rename the binding")
    if there.subject != subject and not may_replace(there.subject):
        raise ConflictError(f"{name} is published for {there.subject}; match one of the two, or delete the parameter")
