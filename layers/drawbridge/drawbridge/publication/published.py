"""What is published of shared resources, as Parameter Store has it."""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from drawbridge.publication.documents import ConnectionDocument, read_connection
from drawbridge.publication.names import path_of_document


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
