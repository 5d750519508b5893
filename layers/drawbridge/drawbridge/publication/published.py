"""What is published of shared resources, as Parameter Store has it."""

from collections.abc import Iterable, Iterator
from typing import Protocol

from msgspec import Struct

from drawbridge.publication.documents import ConnectionDocument, read_connection
from drawbridge.publication.names import path_of_document
from drawbridge.publication.parameters import ObservedParameter


class PublishedNamesReader(Protocol):
    """What is published in Parameter Store."""

    def read(self, name: str) -> ObservedParameter | None: ...

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Return name and value of all parameters below a path."""
        ...


class PublishedName(Struct, frozen=True, kw_only=True):
    """A shared resource's name that is published."""

    path: str
    """Of its two parameters, which are below it."""
    document: ConnectionDocument

    @property
    def resource_arn(self) -> str:
        """The ARN of what is shared: of a child's name the group or network that it came with."""
        return self.document.group_arn or self.document.resource_configuration_arn


def published_names(parameters: Iterable[tuple[str, str]]) -> Iterator[PublishedName]:
    """Yield the names that are among parameters, by their JSON; what can't be read is left out."""
    for name, value in parameters:
        path = path_of_document(name)
        document = read_connection(value) if path is not None else None
        if path is not None and document is not None:
            yield PublishedName(path=path, document=document)


def is_published_for(subject: str, parameter: str, parameters: PublishedNamesReader) -> bool:
    """Return whether a parameter carries our ownership tag and is of that subject, whatever is written in it."""
    there = parameters.read(parameter)
    # What is not ours has no subject.
    return there is not None and bool(there.subject) and there.subject == subject
