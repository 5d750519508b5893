"""Takeover: which published name may be given to another resource."""

from collections.abc import Iterable
from typing import Protocol

from drawbridge.arns import is_of
from drawbridge.association import Alias
from drawbridge.association.aliases import Holder
from drawbridge.lattice import Entity
from drawbridge.publication.names import binding_path
from drawbridge.publication.published import published_names


class EntityLookup(Protocol):
    """What VPC Lattice shows of what is shared."""

    def entity(self, arn: str) -> Entity | None:
        """Describe one; ``None`` if it is not there for this account, or not any longer."""
        ...


class PublishedPaths(Protocol):
    """What is published."""

    def below(self, path: str) -> Iterable[tuple[str, str]]:
        """Return name and value of all parameters below a path."""
        ...


class Takeover:
    """Decides who may take a name over; asks AWS and Parameter Store each time anew."""

    def __init__(self, entities: EntityLookup, published: PublishedPaths, *, prefix: str) -> None:
        self._entities = entities
        self._published = published
        self._prefix = prefix

    def of_parameter(self, subject: str, /, *, provider: str) -> bool:
        """Whether what is published for that subject may be published for a resource of the provider instead.

        A resource that was recreated comes back under another ARN, from the same provider. Another provider never takes
        a name over: applications would be sent to it.
        """
        return is_of(subject, provider) and self._entities.entity(subject) is None

    def of_record(self, theirs: Holder, /, *, alias: Alias, binding: str, provider: str) -> bool:
        """Whether a name of our own that is theirs may become the binding's, for a resource of the provider."""
        if theirs.binding in {"", binding}:
            return self.of_parameter(theirs.subject, provider=provider)
        # A marker that outlived what it was made for keeps nobody from the name.
        return not self._publishes(theirs.binding, alias)

    def _publishes(self, binding: str, alias: Alias) -> bool:
        there = self._published.below(binding_path(self._prefix, binding))
        return any(each.document.alias == alias for each in published_names(there))
