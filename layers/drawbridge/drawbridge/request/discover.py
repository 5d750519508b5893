"""Discovering requests: one look at what AWS lists, compared with the ledger; an execution for each that needs one."""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.errors import DrawbridgeError, InvalidInputError, UpstreamError
from drawbridge.hint import Look
from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest, WorkflowInput
from drawbridge.request.attention import Need, Seen, Waits, is_its_turn, may_try_again, need_of
from drawbridge.request.connections import NONE_HELD, Connection, ConnectionState, Held, ManagedService, held_beside
from drawbridge.request.digests import digest, state_in_effect
from drawbridge.request.drift import Drifted
from drawbridge.request.inputs import Inputs
from drawbridge.request.review import Review, ReviewOpen
from drawbridge.request.row import Row
from drawbridge.request.shares import Invitation, InvitationStatus, Matchable, Share, SharedResource, newest
from drawbridge.request.turns import FreeTurns
from drawbridge.status import Status


class Shares(Protocol):
    """What other accounts share with this one."""

    def invitations(self) -> list[Invitation]: ...

    def shares(self) -> list[Share]: ...

    def resources(self) -> list[SharedResource]: ...


class Services(Protocol):
    """This account's endpoint services and the connections to them."""

    def managed(self) -> list[ManagedService]: ...

    def connections(self) -> list[Connection]:
        """Give the connections to all services of this account, whoever looks after them."""
        ...

    def without_notification(self, service_ids: Collection[str]) -> list[str]:
        """Give the services that have no connection notification to our topic."""
        ...

    def notify_of(self, service_id: str) -> None:
        """Give a service its connection notification; one that has it, or is gone, is left alone."""
        ...


class Ledger(Protocol):
    """The ledger, as discovery needs it."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, Row]:
        """Give rows as far as a look compares them: without what their decisions rested on."""
        ...

    def with_grounds(self, row: Row) -> Row:
        """Give a row with what its decisions rested on."""
        ...

    def followed(self) -> list[Row]:
        """Give the rows that AWS should still list: under way, or settled only for now (held, failed)."""
        ...

    def claim(self, seen: Seen, attempt: int, *, after: Row | None) -> bool:
        """Enter the attempt; ``False`` if the row is not any longer as it was read, in ``after``."""
        ...

    def note_seen(self, row: Row, seen: Seen) -> None:
        """Note what a request that waits was looked at with; nothing if it does not wait any more."""
        ...

    def note_healed(self, row: Row) -> None:
        """Note that what an attempt was made for is as it was left; nothing if the row has a later attempt by now."""
        ...

    def note_inputs(self, row: Row, inputs: Inputs) -> None:
        """Note what was found, for the next look to compare with; nothing if the row has a later attempt by now."""
        ...

    def note_review(self, row: Row, review: Review, *, under: str) -> None:
        """Note what a review came to, under which configuration; nothing if the row has a later attempt by now."""
        ...


class Workflow(Protocol):
    """The onboarding workflow."""

    def start(self, request: WorkflowInput) -> bool:
        """Start the execution, or find it running; ``False`` if one of that name has come to its end."""
        ...


class Endings(Protocol):
    """How executions ended that did not record it themselves."""

    def record(self, row: Row) -> bool:
        """Record that the attempt's execution has ended; ``False`` if it has not, or that can't be told."""
        ...


class Announcements(Protocol):
    """The bus that others build on."""

    def pending(self, seen: Seen, attempt: int) -> None:
        """Announce that an attempt was entered; at least once."""
        ...

    def reviewed(self, row: Row, review: Review, *, under: str) -> None:
        """Announce that a connection is not, or again, what would be let in; at least once."""
        ...


class Waiting(Protocol):
    """Requests that wait for a person's answer."""

    def look_at(self, request_ids: Collection[str]) -> None:
        """Look at the questions of all that wait, at once."""
        ...

    def see_to(self, row: Row, now: datetime, *, reconsider: bool) -> Waits:
        """See to it that an answer that was recorded reaches the workflow; or have it look again, without an answer.

        Only for what was looked at.
        """
        ...


class Reviewer(Protocol):
    """Decides again on the facts that the ledger keeps."""

    def goes_by_the_clock(self) -> bool:
        """Tell whether policies may decide otherwise only because time has passed."""
        ...

    def decides_otherwise(self, row: Row, now: datetime) -> bool:
        """Tell whether the policies decide otherwise by now, only because time has passed."""
        ...

    def review(self, row: Row, held: Collection[SharedResource]) -> Review | ReviewOpen:
        """Review what was let in; ``held`` is all that the share holds now."""
        ...


class Drift(Protocol):
    """Compares how connections were left with what AWS lists."""

    def of(self, row: Row) -> Drifted:
        """Tell what has changed by now, and what of it is not known."""
        ...


class Planned(Protocol):
    """What plans rest on beside what a share holds and what is configured, as AWS lists it now."""

    def left(self, row: Row) -> tuple[str, tuple[str, ...]]:
        """Give what is there still of what a row says is left behind: as the ledger keeps it, and the ids."""
        ...

    def inputs(self, provider: str, share_name: str, held: Collection[SharedResource], row: Row) -> Inputs:
        """Give what a plan of the share would rest on; its listings are shared by all rows."""
        ...


class Configured(Protocol):
    """Digests of the configuration that a request's outcome could depend on."""

    def wanted(self, provider: str, share_name: str) -> str:
        """Of the bindings that could want something of the share."""
        ...

    def matched(self, share_name: str, contents: tuple[Matchable, ...]) -> str:
        """Of the bindings that match something of what the share holds."""
        ...

    def permitted(self, account_id: str, held: Held = NONE_HELD) -> str:
        """Of the policies in force, of what the registry knows of the account, and how many connections it has."""
        ...


class Discovery(Struct, frozen=True):
    """What one look found and did, for the log and the metrics."""

    seen: int
    started: tuple[str, ...]
    no_longer_permitted: tuple[str, ...]
    """The requests that were let in, and by the policies in force would not be any more; each is told once."""
    failures: tuple[DrawbridgeError, ...]
    """What could not be looked at or seen to; nothing else was stopped by it. The look has to be repeated."""
    broken: tuple[InvalidInputError, ...] = ()
    """What can't be read, as a row that somebody wrote by hand: no repetition mends it."""
    left_behind: tuple[str, ...] = ()
    """The ids of what was made for requests and is called for by nothing any longer."""
    attachments: tuple[Connection, ...] = ()
    """Attachments of transit gateways that wait for acceptance by a managed service: people's to answer."""
    reviews_open: tuple[str, ...] = ()
    """The requests of which it is not known what changed policies make of them, and why; the next look tries again."""


class Discoverer:
    """Looks, and starts an execution for every request that needs one."""

    def __init__(
        self,
        *,
        shares: Shares,
        services: Services,
        ledger: Ledger,
        workflow: Workflow,
        endings: Endings,
        configured: Configured,
        announcements: Announcements,
        reviewer: Reviewer,
        waiting: Waiting,
        drift: Drift,
        planned: Planned,
        questions_at_once: int = 5,
    ) -> None:
        """``questions_at_once`` is how many of one account are open at most."""
        self._shares = shares
        self._services = services
        self._ledger = ledger
        self._workflow = workflow
        self._endings = endings
        self._configured = configured
        self._announcements = announcements
        self._reviewer = reviewer
        self._waiting = waiting
        self._drift = drift
        self._questions_at_once = questions_at_once
        self._planned = planned
        self._unlisted: DrawbridgeError | None = None
        self._unknown: dict[str, DrawbridgeError] = {}
        self._left: set[str] = set()
        self._reviews_open: list[str] = []

    def discover(self, look: Look, now: datetime) -> Discovery:
        """Look where the hints say.

        Any number of hints costs one look. It is safe to break off anywhere and to run twice at once: an attempt is
        entered in the ledger before its execution starts, by one writer only, and an entered attempt that does not
        run is started by the next look.
        """
        failures: list[DrawbridgeError] = []
        broken: list[InvalidInputError] = []
        followed = self._ledger.followed()
        attachments: list[Connection] = []
        seen = self._look(look, followed, attachments, failures)
        self._unlisted = None
        self._unknown = {}
        self._left = set()
        self._reviews_open = []
        rows = self._ledger.rows([each.request.request_id for each in seen])
        try:
            self._waiting.look_at([row.request_id for row in rows.values() if row.waits_for_approval])
        except DrawbridgeError as error:
            failures.append(error)
        turns = FreeTurns(followed, self._questions_at_once)
        started: list[str] = []
        no_longer_permitted: list[str] = []
        for each in seen:
            row = rows.get(each.request.request_id)
            try:
                execution = self._attend(each, row, turns, now)
                if execution is None and row is not None and self._turns_out_wrong(each, row):
                    no_longer_permitted.append(row.request_id)
            except InvalidInputError as error:
                broken.append(error)
            except Exception as error:  # noqa: BLE001 - whatever is wrong with one request, it stops no other
                failures.append(_failure(each.request.request_id, error))
            else:
                started += [execution] if execution else []
        failures += [*self._unknown.values(), *([self._unlisted] if self._unlisted else [])]
        return Discovery(
            seen=len(seen),
            started=tuple(started),
            no_longer_permitted=tuple(no_longer_permitted),
            failures=tuple(failures),
            broken=tuple(broken),
            left_behind=tuple(sorted(self._left)),
            attachments=tuple(attachments),
            reviews_open=tuple(self._reviews_open),
        )

    def _look(
        self, look: Look, followed: list[Row], attachments: list[Connection], failures: list[DrawbridgeError]
    ) -> list[Seen]:
        """Give what is seen where the hints say; what could not be looked at or seen to is added to the failures."""
        seen: list[Seen] = []
        if look.executions:
            failures += self._see_to_ended(look.executions)
        if look.connections:
            seen += self._collect(lambda: self._look_at_connections(followed, attachments), failures)
        if look.upkeep:
            failures += self._keep_up_notifications()
        if look.shares:
            seen += self._collect(lambda: self._look_at_shares(followed), failures)
        return seen

    @staticmethod
    def _collect(look: Callable[[], list[Seen]], failures: list[DrawbridgeError]) -> list[Seen]:
        try:
            return look()
        except Exception as error:  # noqa: BLE001 - what can't be looked at stops nothing else
            failures.append(_failure("look", error))
            return []

    def _see_to_ended(self, executions: Collection[str]) -> list[DrawbridgeError]:
        """See to attempts whose executions are said to have ended; give what went wrong."""
        failures: list[DrawbridgeError] = []
        try:
            rows = self._ledger.rows({name.rpartition("-")[0] for name in executions})
        except DrawbridgeError as error:
            return [error]
        for row in rows.values():
            if row.settled or _input(row.request, row.attempt).execution_name not in executions:
                continue
            try:
                self._endings.record(row)
            except DrawbridgeError as error:
                failures.append(error)
        return failures

    def _keep_up_notifications(self) -> list[DrawbridgeError]:
        """See to it that every managed service has its connection notification; give what went wrong."""
        failures: list[DrawbridgeError] = []
        try:
            managed = [service.service_id for service in self._services.managed()]
            lacking = self._services.without_notification(managed) if managed else []
        except DrawbridgeError as error:
            return [error]
        for service_id in lacking:
            try:
                self._services.notify_of(service_id)
            except DrawbridgeError as error:
                failures.append(error)
        return failures

    def _look_at_connections(self, followed: list[Row], attachments: list[Connection]) -> list[Seen]:
        """Give what is seen, and add to ``attachments`` what asks for an answer that only people can give."""
        managed = {service.service_id for service in self._services.managed()}
        listed = self._services.connections() if managed else []
        of_owner: dict[str, list[Connection]] = defaultdict(list)
        for connection in listed:
            of_owner[connection.owner].append(connection)
        seen = [
            Seen(
                request=EndpointConnectionRequest(service_id=connection.service_id, endpoint_id=connection.endpoint_id),
                account_id=connection.owner,
                # Pending turns into available by itself while the attempt runs: that is no change to look into.
                state=digest("open" if connection.state.is_open else connection.state),
                wanted="",
                permitted=self._configured.permitted(
                    connection.owner, held_beside(connection, of_owner[connection.owner])
                ),
                under=self._configured.permitted(connection.owner),
                open=connection.state.is_open,
            )
            for connection in listed
            if connection.service_id in managed and connection.endpoint_id and connection.owner
        ]
        asking = {ConnectionState.PENDING_ACCEPTANCE, ConnectionState.UNKNOWN}
        attachments += (
            each for each in listed if each.service_id in managed and each.attachment_id and each.state in asking
        )
        return seen + self._over(EndpointConnectionRequest, seen, followed)

    def _look_at_shares(self, followed: list[Row]) -> list[Seen]:
        invitations: dict[str, list[Invitation]] = defaultdict(list)
        for invitation in self._shares.invitations():
            invitations[invitation.share_arn].append(invitation)
        resources: dict[str, list[SharedResource]] = defaultdict(list)
        for resource in self._shares.resources():
            resources[resource.share_arn].append(resource)
        listed = self._shares.shares()
        shares = {share.arn: share for share in listed if share.in_effect}
        seen = [
            self._seen_share(arn, newest(invitations[arn]), shares.get(arn), resources[arn])
            for arn in sorted({*invitations, *shares})
        ]
        # One that is listed and not in effect is not gone.
        not_in_effect = {share.arn for share in listed} - shares.keys()
        return [
            *(each for each in seen if each.request.subject not in not_in_effect or each.open),
            *self._over(
                ResourceShareRequest,
                seen,
                [row for row in followed if row.request.subject not in not_in_effect],
            ),
        ]

    def _seen_share(
        self, arn: str, invitation: Invitation | None, share: Share | None, resources: list[SharedResource]
    ) -> Seen:
        held = tuple(sorted(resource for resource in resources if resource.is_lattice))
        lattice = [resource.arn for resource in held]
        pending = invitation is not None and invitation.status is InvitationStatus.PENDING
        provider = share.owner if share else invitation.sender if invitation else ""
        name = share.name if share else invitation.share_name if invitation else ""
        return Seen(
            request=ResourceShareRequest(share_arn=arn),
            account_id=provider,
            # An invitation that was accepted is dropped after seven days, which changes nothing.
            state=digest(invitation.arn, invitation.status)
            if invitation and not share
            else state_in_effect(resource.arn for resource in resources),
            wanted=self._configured.wanted(provider, name),
            share_name=name,
            permitted=self._configured.permitted(provider),
            under=self._configured.permitted(provider),
            # A share in effect that holds nothing of VPC Lattice's is none of our business.
            held=held if share else (),
            contents=tuple(resources) if share else (),
            open=pending or bool(share and lattice),
        )

    @staticmethod
    def _over(kind: type[Request], seen: list[Seen], followed: list[Row]) -> list[Seen]:
        """Give the requests that the ledger still waits for and AWS does not list any longer."""
        listed = {each.request.request_id for each in seen}
        return [
            Seen(
                request=row.request,
                account_id=row.account_id,
                state="gone",
                wanted=row.wanted,
                permitted=row.permitted,
                under=row.reviewed,
                open=False,
            )
            for row in followed
            if isinstance(row.request, kind) and row.request_id not in listed
        ]

    def _attend(self, seen: Seen, row: Row | None, turns: FreeTurns, now: datetime) -> str | None:
        """See to one request; give the name of the execution if one was started."""
        if row is not None and row.waits_for_approval and self._sees_to_waiting(seen, row, now):
            return None
        seen = self._with_inputs(self._with_drift(self._with_matched(seen, row), row), row)
        need = need_of(seen, row, now)
        if need is Need.NOTHING and not self._is_to_be_decided_again(seen, row, turns, now):
            return None
        if need is Need.MAKE_SURE and row is not None and (self._is_seen_to(seen, row) or not may_try_again(row, now)):
            return None
        return self._begin(seen, row)

    def _with_matched(self, seen: Seen, row: Row | None) -> Seen:
        """Look closer where bindings changed: most are for other resources of the same provider."""
        contents = row.known_contents() if row is not None and seen.wanted != row.wanted else None
        if contents is None:
            return seen
        return msgspec.structs.replace(seen, matched=self._configured.matched(seen.share_name, contents))

    def _with_drift(self, seen: Seen, row: Row | None) -> Seen:
        """Look whether what is connected still is as it was left."""
        if row is None or not row.ways or not seen.open or row.status is not Status.AVAILABLE:
            return seen
        drifted = self._drift.of(row)
        # One network that can't be listed is told once, however many rows go by it.
        self._unknown |= {str(error): error for error in drifted.unknown}
        if drifted.unknown and not drifted.digest:
            return msgspec.structs.replace(seen, drift=row.drift)
        if row.drift and not drifted.digest and row.settled:
            # The same may happen again, and is then to be seen to at once.
            self._ledger.note_healed(row)
        return msgspec.structs.replace(seen, drift=drifted.digest)

    def _with_inputs(self, seen: Seen, row: Row | None) -> Seen:
        """Look whether what the plan rested on still is so.

        What AWS does not list is not known, and no change: the look goes on without it, and is repeated.
        """
        if row is None or not row.settled or not seen.held or self._unlisted is not None:
            return seen
        try:
            inputs = self._planned.inputs(seen.account_id, seen.share_name, seen.held, row)
            left, ids = self._planned.left(row) if row.left else (row.left, ())
        except DrawbridgeError as error:
            self._unlisted = error
            return seen
        if not row.inputs:
            # The version that wrote the row kept none: from now on it is compared.
            self._ledger.note_inputs(row, inputs)
        self._left.update(ids)
        return msgspec.structs.replace(seen, inputs=inputs, left=left)

    def _sees_to_waiting(self, seen: Seen, row: Row, now: datetime) -> bool:
        """Have a request that waits for a person looked at again if it, or what is configured, changed meanwhile.

        Tell whether there is nothing else to see to: its execution is known to wait, or was told. What it was not told
        is not noted, and tried again by the next look.
        """
        changed = (seen.state, seen.permitted, seen.open) != (row.seen, row.permitted, True)
        waits = self._waiting.see_to(row, now, reconsider=changed)
        if changed and waits is Waits.TOLD:
            self._ledger.note_seen(row, seen)
        return waits is Waits.TOLD or (waits is Waits.WAITS and not is_its_turn(row, now))

    def _is_to_be_decided_again(self, seen: Seen, row: Row | None, turns: FreeTurns, now: datetime) -> bool:
        """Tell whether what is held is let go by a policy that goes by the clock, or may be asked about by now.

        So it is with what was kept, and is permitted again.
        """
        if row is None or not row.settled or not seen.open:
            return False
        if turns.is_next(row):
            return True
        if row.status is Status.HELD:
            by_clock = self._reviewer.goes_by_the_clock()
            return by_clock and self._reviewer.decides_otherwise(self._ledger.with_grounds(row), now)
        if not row.kept or seen.permitted == row.permitted:
            return False
        review = self._reviewer.review(self._ledger.with_grounds(row), seen.contents)
        return isinstance(review, Review) and review.permitted

    def _turns_out_wrong(self, seen: Seen, row: Row) -> bool:
        """Review what was let in if the configuration changed; tell whether it is found not to be permitted any more.

        A connection keeps the policies that it was let in by: taking it down is withdrawal's.
        """
        let_in = row.settled and row.status is Status.AVAILABLE and seen.open
        # What was kept was not let in by what is in force: that is told as any change is.
        if not let_in or seen.under == (row.reviewed or ("" if row.kept else row.permitted)):
            return False
        review = self._reviewer.review(self._ledger.with_grounds(row), seen.contents)
        if isinstance(review, ReviewOpen):
            self._reviews_open.append(f"{row.request_id}: {review.because}")
            return False
        changed = review.permitted is row.no_longer_permitted
        if changed:
            self._announcements.reviewed(row, review, under=seen.under)
        self._ledger.note_review(row, review, under=seen.under)
        return changed and not review.permitted

    def _is_seen_to(self, seen: Seen, row: Row) -> bool:
        """Have the attempt's execution run, or its end recorded; ``False`` if it has ended and nobody knows how."""
        return self._runs(seen, row) or self._endings.record(row)

    def _runs(self, seen: Seen, row: Row) -> bool:
        if row.status is Status.PENDING:
            # Whoever entered the attempt may have been stopped before telling anybody.
            self._announcements.pending(seen, row.attempt)
        return self._workflow.start(_input(row.request, row.attempt))

    def _begin(self, seen: Seen, row: Row | None) -> str | None:
        attempt = row.attempt + 1 if row else 1
        if not self._ledger.claim(seen, attempt, after=row):
            return None
        self._announcements.pending(seen, attempt)
        execution = _input(seen.request, attempt)
        self._workflow.start(execution)
        return execution.execution_name


def _failure(of: str, error: Exception) -> DrawbridgeError:
    """Give an error that nobody foresaw as one that may pass: the look is repeated, and people are told."""
    if isinstance(error, DrawbridgeError):
        return error
    return UpstreamError(f"{of}: {type(error).__name__}: {str(error)[:500]}")


def _input(request: Request, attempt: int) -> WorkflowInput:
    return WorkflowInput(request=request, request_id=request.request_id, attempt=attempt)
