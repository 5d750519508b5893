"""Previewing: what publishing would do, told and not done."""

from datetime import datetime
from enum import StrEnum
from typing import Protocol

from msgspec import Struct

from drawbridge.association import Alias, Associated, DesiredAttachment
from drawbridge.association.aliases import Holder, MayTakeOver
from drawbridge.errors import ConflictError
from drawbridge.publication.documents import ConnectionDocument, differences, says_the_same
from drawbridge.publication.due import Due, Inside
from drawbridge.publication.named import NamedResource
from drawbridge.publication.parameters import MayReplace, Names, check


class Records(Protocol):
    """Names of our own in hosted zones, to look at only."""

    def difference(self, alias: Alias, to: NamedResource, *, holder: Holder, may_take_over: MayTakeOver) -> str:
        """Say how what is there differs from what the name is to lead to; empty if it does not.

        Raises:
            ConflictError: there is a record of that name which is not ours, or is another's that may not be taken over.
        """
        ...


class Change(StrEnum):
    """What would become of a published name."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    GONE = "gone"
    REFUSED = "refused"


class Intended(Struct, frozen=True, kw_only=True, rename="camel"):
    """What would become of one name."""

    path: str
    """Of the parameters ``dns-name`` and ``connection``, which are below it."""
    change: Change
    dns_name: str
    subject: str
    """The ARN that it is published for."""
    why: tuple[str, ...] = ()
    """What differs, or what is in the way."""
    document: ConnectionDocument | None = None


class Preview(Struct, frozen=True, kw_only=True, rename="camel"):
    """What publishing would do."""

    names: tuple[Intended, ...]
    pending: tuple[str, ...]
    """The ARNs of what has no name yet."""


class Previewer:
    """Compares what is due with what is published."""

    def __init__(self, due: Due, names: Names, records: Records) -> None:
        self._due = due
        self._names = names
        self._records = records

    def preview(self, wanted: DesiredAttachment, by: Associated, *, now: datetime) -> Preview:
        """Say what publishing would do, and do nothing."""
        found = self._due.found(wanted, by)
        usable, pending = self._due.usable(wanted, by, found)
        names = [self._intended(wanted, by, named, inside, now) for named, inside in usable]
        if wanted.resource.holds_others:
            there = {each.resource_arn for each in found}
            names += [
                Intended(path=path, change=Change.GONE, dns_name=told.dns_name, subject=told.resource_configuration_arn)
                for path, told in self._due.left(wanted, there)
            ]
        return Preview(names=tuple(names), pending=tuple(sorted(each.resource_arn for each in pending)))

    def _intended(
        self,
        wanted: DesiredAttachment,
        by: Associated,
        named: NamedResource,
        inside: Inside | None,
        now: datetime,
    ) -> Intended:
        path, subject = self._due.path(wanted, inside), named.resource_arn
        may_replace = self._due.may_replace(wanted)
        try:
            document = self._due.document(wanted, by, named, inside, now)
            change, why = _compare(path, document, self._names, subject=subject, may_replace=may_replace)
            record = ""
            if document.alias is not None:
                record = self._records.difference(
                    document.alias,
                    named,
                    holder=self._due.holder(wanted, named),
                    may_take_over=self._due.may_take_over(wanted, document.alias),
                )
        except ConflictError as error:
            refused = Change.REFUSED
            return Intended(path=path, dns_name=named.dns_name, subject=subject, change=refused, why=(str(error),))
        if record:
            why = (*why, record)
            change = Change.CHANGED if change is Change.SAME else change
        return Intended(path=path, dns_name=named.dns_name, subject=subject, change=change, why=why, document=document)


def _compare(
    path: str, document: ConnectionDocument, names: Names, *, subject: str, may_replace: MayReplace
) -> tuple[Change, tuple[str, ...]]:
    """Compare what would be published with what is.

    Raises:
        ConflictError: a parameter of that name is not ours, or is another resource's.
    """
    plain, beside = f"{path}/dns-name", f"{path}/connection"
    named, published = names.read(plain), names.read(beside)
    for name, there in ((beside, published), (plain, named)):
        if there is not None:
            check(name, there, subject=subject, may_replace=may_replace)
    if named is None and published is None:
        return Change.NEW, ()
    why: list[str] = []
    for name, there in ((plain, named), (beside, published)):
        if there is None:
            why.append(f"{name} is missing")
        elif there.subject != subject:
            why.append(f"{name} is of {there.subject}")
    if named is not None and named.value != document.dns_name:
        why.append(f"{plain}: {named.value} -> {document.dns_name}")
    if published is not None and not says_the_same(document, published.value):
        why += differences(document, published.value)
    return (Change.CHANGED if why else Change.SAME), tuple(why)
