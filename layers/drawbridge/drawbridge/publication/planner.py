"""The planner: reads what is due and what is published, and has them compared. Nothing is written."""

from collections.abc import Collection, Iterator
from datetime import datetime
from functools import partial
from typing import Protocol

from msgspec import Struct

from drawbridge.association import Alias, DesiredAttachment, MadeAttachment
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.bounds import in_parts
from drawbridge.errors import ConflictError
from drawbridge.publication.due import ChildResource, Due, EndpointNames, NetworkNames
from drawbridge.publication.named import NamedResource
from drawbridge.publication.names import binding_path
from drawbridge.publication.parameters import PublicationStore, Refuse, observed_parameters
from drawbridge.publication.plan import (
    DesiredName,
    NamePlan,
    ObservedName,
    PublicationPlan,
    plan_name,
    plan_removal,
)
from drawbridge.publication.publish_batch import MOST_READ, ReadAtOnce
from drawbridge.publication.published import PublishedName, published_names
from drawbridge.publication.takeover import Takeover


class RecordDifferences(Protocol):
    """Names of our own in hosted zones, to read only."""

    def difference(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> str | None:
        """Return how what is there differs: ``None`` if it does not, an empty text if only the marker does.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be taken over.
        """
        ...


class DueNames(Struct, frozen=True, kw_only=True):
    """What an association leads to."""

    found: tuple[NamedResource, ...]
    usable: tuple[tuple[NamedResource, ChildResource | None], ...]
    """What of it can be published, with what is known of a child."""
    pending: tuple[NamedResource, ...]
    """What of it can't be published yet."""


class PublicationPlanner:
    """Plans what is to be published of an association."""

    def __init__(
        self,
        endpoints: EndpointNames,
        entities: NetworkNames,
        store: PublicationStore,
        records: RecordDifferences,
        *,
        prefix: str,
    ) -> None:
        self._due = Due(endpoints, entities, prefix=prefix)
        self._takeover = Takeover(entities, store, prefix=prefix)
        self._entities = entities
        self._store = store
        self._records = records
        self._prefix = prefix

    def plan(self, desired: DesiredAttachment, made: MadeAttachment, *, now: datetime) -> PublicationPlan:
        """Return what publishing does; of a group, for each name by itself: one that is refused stops no other."""
        due = self.due(desired, made)
        names = tuple(self.names(desired, made, due, now=now))
        return PublicationPlan(
            names=names,
            taken_back=self.taken_back(desired, due, names),
            pending=due.pending,
            found=due.found,
        )

    def due(self, desired: DesiredAttachment, made: MadeAttachment) -> DueNames:
        """Read what the association leads to by now."""
        found = self._due.found(desired, made)
        usable, pending = self._due.usable(desired, made, found)
        return DueNames(
            found=tuple(found),
            usable=tuple(usable),
            pending=tuple(sorted(pending, key=lambda each: each.resource_arn)),
        )

    def names(
        self, desired: DesiredAttachment, made: MadeAttachment, due: DueNames, *, now: datetime
    ) -> Iterator[NamePlan]:
        """Plan some names after the other, each when it is asked for: of a large group the first need not wait."""
        for some in in_parts(due.usable, MOST_READ):
            names = [self._due_name(desired, made, named, child, now) for named, child in some]
            read = ReadAtOnce(self._store, [each for each in names if isinstance(each, DesiredName)])
            yield from (each if isinstance(each, NamePlan) else self._planned(each, read) for each in names)

    def taken_back(
        self, desired: DesiredAttachment, due: DueNames, names: Collection[NamePlan]
    ) -> tuple[NamePlan, ...]:
        """Plan what is taken back of children that are gone; a path of one of ``names`` is that one's."""
        if not desired.resource.holds_others:
            return ()
        gone = self._gone(desired, due.found, {each.path for each in names})
        return tuple(plan_removal(each, binding=desired.binding, vpc_id=desired.vpc_id) for each in gone)

    def _due_name(
        self,
        desired: DesiredAttachment,
        made: MadeAttachment,
        named: NamedResource,
        child: ChildResource | None,
        now: datetime,
    ) -> DesiredName | NamePlan:
        """Return a name that is due; the plan to refuse it if it can't be."""
        try:
            return self._due.name(desired, made, named, child, now)
        except ConflictError as error:
            return NamePlan(
                path=self._due.path(desired, child),
                dns_name=named.dns_name,
                subject=named.resource_arn,
                provider=desired.resource.provider,
                actions=(Refuse(why=str(error)),),
            )

    def _planned(self, name: DesiredName, read: ReadAtOnce) -> NamePlan:
        try:
            return plan_name(name, self._observe(name, read))
        except ConflictError as error:
            return NamePlan(
                path=name.path,
                dns_name=name.to.dns_name,
                subject=name.subject,
                provider=name.document.provider,
                actions=(Refuse(why=str(error)),),
            )

    def _observe(self, desired: DesiredName, read: ReadAtOnce) -> ObservedName:
        provider, alias = desired.document.provider, desired.document.alias
        may_replace = partial(self._takeover.of_parameter, provider=provider)
        parameters = observed_parameters(desired, read.at(desired.path), may_replace)
        if alias is None:
            return ObservedName(parameters=parameters)
        may_take_over = partial(self._takeover.of_record, alias=alias, binding=desired.binding, provider=provider)
        differs = self._records.difference(alias, desired.to, holder=desired.holder, may_take_over=may_take_over)
        return ObservedName(parameters=parameters, record_differs=differs)

    def _gone(
        self, desired: DesiredAttachment, found: Collection[NamedResource], due: Collection[str]
    ) -> Iterator[PublishedName]:
        """Yield what is published of children that are gone; a path that another child has by now is that one's.

        An empty listing says nothing, and of what it leaves out AWS is asked by its ARN.
        """
        there = {each.resource_arn for each in found}
        if not there:
            return
        for each in published_names(self._store.below(binding_path(self._prefix, desired.binding))):
            document = each.document
            of_group = document.group_arn == desired.resource.arn and document.vpc_id == (desired.vpc_id or None)
            arn = document.resource_configuration_arn
            if of_group and arn not in there and each.path not in due and self._entities.entity(arn) is None:
                yield each
