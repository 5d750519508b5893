"""``drawbridge status``: what needs somebody, by urgency, and one line for the rest."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from msgspec import Struct

from drawbridge.decision.registration import check_account_id
from drawbridge.errors import DrawbridgeError, InvalidInputError
from drawbridge.intake.offering.quotas import QuotaUsage
from drawbridge.legible import legible
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, ResourceShareRequest
from drawbridge.status import Status
from drawbridge_cli.command_lines import told_with
from drawbridge_cli.options import Json, check_service
from drawbridge_cli.past_limits import usages_of_ledger
from drawbridge_cli.regions import INCOMPLETE, AllRegions, all_regions, asked_of_each, complain_of_not_asked
from drawbridge_cli.request_status import Known, RequestStatus
from drawbridge_cli.scheduled_sweeps import ScheduledSweeps, SweepsUnknown
from drawbridge_cli.screen import Line, accounting, complain, redraw, say, say_lines, show_json, width, wrapped
from drawbridge_cli.stack import Stack
from drawbridge_cli.status_screen import (
    OfferConcern,
    by_urgency,
    offer_concerns,
    offer_lines,
    quota_document,
    quota_lines,
    rest_line,
    status_lines,
    sweeps_line,
)
from drawbridge_cli.turns import binding_in
from drawbridge_cli.urgency import Urgency

pause = time.sleep
_BETWEEN_LOOKS = 5.0
"""Seconds, with ``--watch``."""

KINDS = tuple(
    str(each.__struct_config__.tag) for each in (ResourceShareRequest, EndpointConnectionRequest, OrphanRequest)
)


class Wanted(Struct, frozen=True, kw_only=True):
    """The requests that somebody wants to see."""

    everything: bool
    account: str
    status: Status | None
    kind: str
    service: str
    binding: str

    @property
    def reads_all(self) -> bool:
        """Whether what is over is asked for, which only the whole ledger has."""
        return self.everything or (self.status is not None and self.status.is_over)

    @property
    def is_filtered(self) -> bool:
        """Whether only some of all are wanted."""
        return bool(self.account or self.status or self.kind or self.service or self.binding)

    def includes(self, status: RequestStatus) -> bool:
        """Return whether the filters let a request through."""
        return (
            self.account in {"", status.account_id}
            and self.status in {None, status.status}
            and self.kind in {"", status.kind}
            and self.service in {"", status.service}
            and (not self.binding or self.binding in status.bindings)
        )

    def shows(self, status: RequestStatus) -> bool:
        """Return whether an included request gets lines of its own: who names a status wants all that have it."""
        return self.everything or self.status is not None or status.urgency.needs_somebody


EVERYTHING = Wanted(everything=True, account="", status=None, kind="", service="", binding="")


class Look(Struct, frozen=True, kw_only=True):
    """What one look at the ledger found."""

    at: datetime
    shown: tuple[RequestStatus, ...]
    rest: Mapping[Urgency, int]
    unreadable: tuple[str, ...]
    """Why rows can't be read, each with the request that it is of."""
    sweeps: Mapping[str, ScheduledSweeps | SweepsUnknown]
    """Of the schedule, by Region."""
    limits: Mapping[str, tuple[QuotaUsage, ...]] = {}
    """The limits of AWS that what the ledger has is near, by Region."""

    def is_late(self, region: str) -> bool:
        """Return whether the schedule should have had another sweep made there: what the ledger has may be old."""
        sweeps = self.sweeps[region]
        return isinstance(sweeps, ScheduledSweeps) and sweeps.is_late(self.at)

    def quotas(self, region: str) -> tuple[QuotaUsage, ...]:
        """Return the quotas that are near, or were when the schedule's last sweep was made there."""
        sweeps = self.sweeps[region]
        last = sweeps.last.quotas if isinstance(sweeps, ScheduledSweeps) and sweeps.last is not None else ()
        return (*self.limits.get(region, ()), *last)

    def offers(self, region: str) -> tuple[OfferConcern, ...]:
        """Return what of offers needs somebody there, as the schedule's last sweep found it."""
        sweeps = self.sweeps[region]
        last = sweeps.last if isinstance(sweeps, ScheduledSweeps) else None
        return offer_concerns(last) if last is not None else ()

    def number_of_needs(self, wanted: Wanted) -> int:
        """Return how many of the wanted need somebody.

        With them, if all are wanted, where no sweep is made, how many quotas are reached, and what of offers needs it.
        """
        of_requests = sum(each.urgency.needs_somebody for each in self.shown) + len(self.unreadable)
        if wanted.is_filtered:
            return of_requests
        reached = sum(each.is_reached for region in self.sweeps for each in self.quotas(region))
        offers = sum(each.of.count for region in self.sweeps for each in self.offers(region))
        return of_requests + sum(map(self.is_late, self.sweeps)) + reached + offers


def status(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="All requests, what is over as well.")] = False,
    account: Annotated[str, typer.Option(help="Only what this account asks for.", metavar="ACCOUNT")] = "",
    named_status: Annotated[
        str,
        typer.Option(
            "--status", help="All that have this status, whether or not they need somebody.", metavar="STATUS"
        ),
    ] = "",
    kind: Annotated[str, typer.Option(help=f"Only this kind: {', '.join(KINDS)}.", metavar="KIND")] = "",
    service: Annotated[
        str, typer.Option(help="Only connections to this endpoint service.", metavar="VPCE-SVC-ID")
    ] = "",
    binding: Annotated[str, typer.Option(help="Only what this binding wants something of.", metavar="NAME")] = "",
    in_all_regions: AllRegions = False,
    watch: Annotated[bool, typer.Option("--watch", "-w", help="Look every few seconds, until Ctrl-C.")] = False,
    as_json: Json = False,
) -> None:
    """Show what needs somebody, the most urgent first, and one line for the rest.

    Exit code 1: something does. Exit code 3: nothing is known to, and a Region could not be asked.
    """
    stack: Stack = context.obj
    if watch and as_json:
        raise InvalidInputError("--watch: programs get one document; leave out --json or --watch")
    if watch and in_all_regions:
        raise InvalidInputError("--watch: one Region is watched at a time; leave out --all-regions or --watch")
    wanted = _wanted(everything, account, named_status, kind, service, binding)
    if in_all_regions:
        _show_all_regions(stack, wanted, as_json=as_json)
        return
    if watch:
        look = _watch(stack, wanted)
    else:
        look = look_at(stack, wanted)
        for each in look.unreadable:
            complain(each)
        if as_json:
            show_json(status_document(look, stack))
        else:
            say_lines(_lines(look, wanted, stack.where))
    if look is not None and look.number_of_needs(wanted):
        raise typer.Exit(1)


def _show_all_regions(stack: Stack, wanted: Wanted, *, as_json: bool) -> None:
    """Show what the stacks of all Regions have, as if they were one, each request with its Region."""
    with accounting(lambda: "") as show:
        looks, found = asked_of_each(all_regions(stack, show), lambda each: look_at(each, wanted), show)
    look = merged([look for _, look in looks])
    for unreadable in look.unreadable:
        complain(unreadable)
    complain_of_not_asked(found)
    if as_json:
        place = {"stack": stack.name, "regions": [each.region for each, _ in looks], "account_id": stack.account_id}
        sweeps = {region: _sweeps_document(look, region) for region in look.sweeps}
        show_json(_look_document(look) | {"last_sweeps": sweeps} | place | found.document)
    else:
        regions = ", ".join(each.region for each, _ in looks) or "no Region that could be asked"
        where = f"{stack.name} in {regions}, account {stack.account_id}"
        say_lines(_lines(look, wanted, where, {each.region: each for each, _ in looks}))
        if found.without:
            say(f"no stack {stack.name} in {', '.join(found.without)}", "aside")
    if look.number_of_needs(wanted):
        raise typer.Exit(1)
    if found.not_asked:
        raise typer.Exit(INCOMPLETE)


def merged(looks: Sequence[Look]) -> Look:
    """Return looks at several ledgers as one."""
    rest: Counter[Urgency] = Counter()
    for each in looks:
        rest.update(each.rest)
    return Look(
        at=max((each.at for each in looks), default=datetime.now(UTC)),
        shown=tuple(by_urgency([status for each in looks for status in each.shown])),
        rest=rest,
        unreadable=tuple(unreadable for each in looks for unreadable in each.unreadable),
        sweeps={region: sweeps for each in looks for region, sweeps in each.sweeps.items()},
        limits={region: limits for each in looks for region, limits in each.limits.items()},
    )


def _wanted(everything: bool, account: str, status: str, kind: str, service: str, binding: str) -> Wanted:
    if account:
        check_account_id(account)
    if status and status.upper() not in [*Status]:
        raise InvalidInputError(f"--status: {legible(status)} is none of {', '.join(Status)}")
    if kind and kind not in KINDS:
        raise InvalidInputError(f"--kind: {legible(kind)} is none of {', '.join(KINDS)}")
    if service:
        check_service(service)
    if binding and binding_in(binding) != binding:
        raise InvalidInputError(
            f"--binding: {legible(binding)} is no binding's name: letters, digits, dots, hyphens, underscores"
        )
    return Wanted(
        everything=everything,
        account=account,
        status=Status(status.upper()) if status else None,
        kind=kind,
        service=service,
        binding=binding,
    )


def look_at(stack: Stack, wanted: Wanted) -> Look:
    """Return what the ledger has now of what is wanted."""
    unreadable: list[str] = []
    ledger = stack.ledger_telling(unreadable.append)
    entries = ledger.entries() if wanted.reads_all else ledger.followed_entries()
    now = datetime.now(UTC)
    return look_among(stack.known(entries, now), unreadable, {stack.region: sweeps_of(stack)}, wanted, now)


def look_among(
    known: Iterable[Known],
    unreadable: Iterable[str],
    sweeps: Mapping[str, ScheduledSweeps | SweepsUnknown],
    wanted: Wanted,
    now: datetime,
) -> Look:
    """Return what there is of what is wanted among the requests that were read."""
    read = [*known]
    limits = usages_of_ledger(each.entry for each in read)
    included = [each.status for each in read if wanted.includes(each.status)]
    shown = [each for each in included if wanted.shows(each)]
    return Look(
        at=now,
        shown=tuple(by_urgency(shown)),
        rest=Counter(each.urgency for each in included if not wanted.shows(each)),
        unreadable=tuple(unreadable),
        sweeps=sweeps,
        limits=dict.fromkeys(sweeps, limits),
    )


def sweeps_of(stack: Stack) -> ScheduledSweeps | SweepsUnknown:
    """Return what is known of the schedule's sweeps; of requests it is told whether or not that can be read."""
    try:
        return stack.scheduled_sweeps()
    except DrawbridgeError as error:
        return SweepsUnknown(str(error))


def _lines(look: Look, wanted: Wanted, where: str, stacks: Mapping[str, Stack] | None = None) -> Iterator[Line]:
    """Yield a look as lines; ``stacks`` are those that it is of, by their Regions, if it is of all Regions."""
    needs = look.number_of_needs(wanted)
    of = " of these" if wanted.is_filtered else ""
    need = f"{needs}{of} {'needs' if needs == 1 else 'need'} somebody" if needs else f"nothing{of} needs anybody"
    yield f"{where}: {need}", "title"
    yield "", ""
    for region, sweeps in look.sweeps.items():
        if look.is_late(region):
            yield from _sweeps_lines(sweeps, look.at, stacks[region] if stacks else None)
            yield "", ""
    # Who asks for some requests is told nothing of the others, nor of what is no request.
    quotas = {} if wanted.is_filtered else {region: look.quotas(region) for region in look.sweeps}
    yield from quota_lines(quotas, width(), reached=True, with_regions=stacks is not None)
    if not wanted.is_filtered:
        yield from _offer_lines(look, stacks)
    yield from status_lines(look.shown, width(), look.at, with_regions=stacks is not None)
    yield from quota_lines(quotas, width(), reached=False, with_regions=stacks is not None)
    if not wanted.everything and wanted.status is None:
        yield rest_line(look.rest, of), "aside"
    for region, sweeps in look.sweeps.items():
        if not look.is_late(region):
            yield from _sweeps_lines(sweeps, look.at, stacks[region] if stacks else None)


def _offer_lines(look: Look, stacks: Mapping[str, Stack] | None) -> Iterator[Line]:
    """Yield what of offers needs somebody; of each Region with the commands that lead there, if it is of all."""
    for region in look.sweeps:
        if stacks is None:
            yield from offer_lines(look.offers(region), width())
            continue
        with told_with(stacks[region].options):
            lines = [*offer_lines(look.offers(region), width(), region=region)]
        yield from lines


def _sweeps_lines(sweeps: ScheduledSweeps | SweepsUnknown, now: datetime, stack: Stack | None) -> Iterator[Line]:
    """Return what is told of the schedule's sweeps, with the stack's Region if one is given."""
    if stack is None:
        text, mark = sweeps_line(sweeps, now)
    else:
        with told_with(stack.options):
            text, mark = sweeps_line(sweeps, now)
        text = f"{stack.region}: {text}"
    return wrapped(text, width(), indent=0, mark=mark)


def status_document(look: Look, stack: Stack) -> dict[str, Any]:
    """Return a look as ``--json`` prints it."""
    return _look_document(look) | {"last_sweep": _sweeps_document(look, stack.region)} | stack.place_document


def _look_document(look: Look) -> dict[str, Any]:
    return {
        "requests": look.shown,
        "rest": {str(urgency): count for urgency, count in look.rest.items()},
        "unreadable": look.unreadable,
    }


def _sweeps_document(look: Look, region: str) -> dict[str, Any] | None:
    """Return what is known of the schedule's last sweep there; ``None`` if that can't be read."""
    sweeps = look.sweeps[region]
    if isinstance(sweeps, SweepsUnknown):
        return None
    last = sweeps.last
    return {
        "ended_at": last.ended_at if last else None,
        "is_late": look.is_late(region),
        "observed": last.observed if last else None,
        "started": last.started.count if last else None,
        "failures": last.failures.count if last else None,
        "quotas": [quota_document(each) for each in look.quotas(region)],
        "offers": {each.name: each.of for each in look.offers(region)},
    }


def _watch(stack: Stack, wanted: Wanted) -> Look | None:
    """Show one look after the other until Ctrl-C; return the last that AWS let us have, if there was any."""
    look: Look | None = None
    try:
        while True:
            try:
                look = look_at(stack, wanted)
            except InvalidInputError:
                raise
            except DrawbridgeError as error:
                # It may pass; what was seen last stays on the screen no longer, so that nobody takes it for new.
                redraw([(f"AWS: {error}", "bad")])
            else:
                broken = ((each, "bad") for each in look.unreadable)
                redraw([*_lines(look, wanted, stack.where), *broken, (f"as of {look.at:%H:%M:%S} UTC", "aside")])
            pause(_BETWEEN_LOOKS)
    except KeyboardInterrupt:
        return look
