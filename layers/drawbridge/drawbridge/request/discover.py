"""Discovering requests: one look at what AWS lists, compared with the ledger; an execution for each that needs one."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Protocol

import msgspec
from msgspec import Struct

from drawbridge.hint import Look
from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest, WorkflowInput
from drawbridge.request.attention import Need, Seen, need_of
from drawbridge.request.connections import Connection, ManagedService
from drawbridge.request.row import Row
from drawbridge.request.shares import Invitation, InvitationStatus, Share, SharedResource, newest
from drawbridge.status import Status


class Shares(Protocol):
    """What other accounts share with this one."""

    def invitations(self) -> list[Invitation]: ...

    def shares(self) -> list[Share]: ...

    def resources(self) -> list[SharedResource]: ...


class Services(Protocol):
    """This account's endpoint services and the connections to them."""

    def managed(self) -> list[ManagedService]: ...

    def connections(self) -> list[Connection]: ...

    def see_to_notifications(self, service_ids: Collection[str]) -> None:
        """Give each service its connection notification to our topic; what has it already is left alone."""
        ...


class Ledger(Protocol):
    """The ledger, as discovery needs it."""

    def rows(self, request_ids: Collection[str]) -> Mapping[str, Row]: ...

    def unsettled(self) -> list[Row]:
        """Give the rows whose attempt has not come to its end."""
        ...

    def waiting(self) -> list[Row]:
        """Give the rows that are settled only for now: held, or failed."""
        ...

    def claim(self, seen: Seen, attempt: int, *, after: Row | None) -> bool:
        """Enter the attempt; ``False`` if the row is not any longer as it was read, in ``after``."""
        ...


class Workflow(Protocol):
    """The onboarding workflow."""

    def start(self, request: WorkflowInput) -> bool:
        """Start the execution, or find it running; ``False`` if one of that name has come to its end."""
        ...


class Announcements(Protocol):
    """The bus that others build on."""

    def pending(self, seen: Seen, attempt: int) -> None:
        """Announce that an attempt was entered; at least once."""
        ...


class Configured(Protocol):
    """Digests of the configuration that a request's outcome could depend on."""

    def for_share(self, provider: str, share_name: str) -> str: ...

    def for_connection(self, account_id: str) -> str: ...


class Discovery(Struct, frozen=True):
    """What one look found and did, for the log and the metrics."""

    seen: int
    started: tuple[str, ...]


class Discoverer:
    """Looks, and starts an execution for every request that needs one."""

    def __init__(
        self,
        *,
        shares: Shares,
        services: Services,
        ledger: Ledger,
        workflow: Workflow,
        configured: Configured,
        announcements: Announcements,
    ) -> None:
        self._shares = shares
        self._services = services
        self._ledger = ledger
        self._workflow = workflow
        self._configured = configured
        self._announcements = announcements

    def discover(self, look: Look, now: datetime) -> Discovery:
        """Look where the hints say.

        Any number of hints costs one look. It is safe to break off anywhere and to run twice at once: an attempt is
        entered in the ledger before its execution starts, by one writer only, and an entered attempt that does not
        run is started by the next look.
        """
        seen: list[Seen] = []
        if look.connections:
            seen += self._look_at_connections(upkeep=look.upkeep)
        if look.shares:
            seen += self._look_at_shares()
        seen += self._over(look, {each.request.request_id for each in seen})
        rows = self._ledger.rows([each.request.request_id for each in seen])
        started = [name for each in seen if (name := self._attend(each, rows.get(each.request.request_id), now))]
        return Discovery(len(seen), tuple(started))

    def _look_at_connections(self, *, upkeep: bool) -> list[Seen]:
        managed = [service.service_id for service in self._services.managed()]
        if upkeep:
            self._services.see_to_notifications(managed)
        if not managed:
            return []
        return [
            Seen(
                request=EndpointConnectionRequest(service_id=connection.service_id, endpoint_id=connection.endpoint_id),
                account_id=connection.owner,
                # Pending turns into available by itself while the attempt runs: that is no change to look into.
                state=digest("open" if connection.state.is_open else connection.state),
                configured=self._configured.for_connection(connection.owner),
                open=connection.state.is_open,
            )
            for connection in self._services.connections()
            if connection.service_id in managed
        ]

    def _look_at_shares(self) -> list[Seen]:
        invitations: dict[str, list[Invitation]] = defaultdict(list)
        for invitation in self._shares.invitations():
            invitations[invitation.share_arn].append(invitation)
        resources: dict[str, list[SharedResource]] = defaultdict(list)
        for resource in self._shares.resources():
            resources[resource.share_arn].append(resource)
        shares = {share.arn: share for share in self._shares.shares()}
        return [
            self._seen_share(arn, newest(invitations[arn]), shares.get(arn), resources[arn])
            for arn in sorted({*invitations, *shares})
        ]

    def _seen_share(
        self, arn: str, invitation: Invitation | None, share: Share | None, resources: list[SharedResource]
    ) -> Seen:
        lattice = sorted(resource.arn for resource in resources if resource.is_lattice)
        pending = invitation is not None and invitation.status is InvitationStatus.PENDING
        provider = share.owner if share else invitation.sender if invitation else ""
        name = share.name if share else invitation.share_name if invitation else ""
        # An invitation that was accepted is dropped after seven days, which changes nothing.
        standing = invitation.arn + invitation.status if invitation and not share else "shared"
        return Seen(
            request=ResourceShareRequest(share_arn=arn),
            account_id=provider,
            state=digest(standing, *lattice),
            configured=self._configured.for_share(provider, name),
            # A share in effect that holds nothing of VPC Lattice's is none of our business.
            open=pending or bool(share and lattice),
        )

    def _over(self, look: Look, seen: Collection[str]) -> list[Seen]:
        """Give the requests that the ledger still waits for and AWS does not list any longer."""
        return [
            Seen(request=row.request, account_id=row.account_id, state="gone", configured=row.configured, open=False)
            for row in (*self._ledger.unsettled(), *self._ledger.waiting())
            if row.request_id not in seen and _within(look, row.request)
        ]

    def _attend(self, seen: Seen, row: Row | None, now: datetime) -> str | None:
        """See to one request; give the name of the execution if one was started."""
        need = need_of(seen, row, now)
        if need is Need.NOTHING or (need is Need.MAKE_SURE and row is not None and self._runs(seen, row)):
            return None
        return self._begin(seen, row)

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


def _input(request: Request, attempt: int) -> WorkflowInput:
    return WorkflowInput(request=request, request_id=request.request_id, attempt=attempt)


def _within(look: Look, request: Request) -> bool:
    match request:
        case ResourceShareRequest():
            return look.shares
        case EndpointConnectionRequest():
            return look.connections


def digest(*parts: object) -> str:
    """Give a short text that changes when any of the parts does."""
    return hashlib.sha256(msgspec.json.encode(parts)).hexdigest()[:16]
