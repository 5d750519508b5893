"""Gathering the facts of one request, by asking AWS and the registry."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from drawbridge.arns import Arn
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    Facts,
    OrganizationPlace,
    Requester,
    Service,
    ShareFacts,
)
from drawbridge.decision.let_in import NOT_MANAGED
from drawbridge.errors import AccessDeniedError, GoneError, NotReadyError
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request, ResourceShareRequest, is_attachment
from drawbridge.request.connections import (
    ConnectionState,
    EndpointConnection,
    ManagedService,
    count_other_connections,
    endpoint_type,
)
from drawbridge.request.shares import Content, Invitation, InvitationStatus, Share, SharedResource, expired
from drawbridge.status import Reason, Status

_CONTENTS_SHOW_WITHIN = timedelta(minutes=5)
"""An invitation that shows no contents after this time is one to a share that holds nothing."""


class ShareDetails(Protocol):
    """Shares and the invitations to them."""

    def newest_invitation(self, share_arn: str) -> Invitation | None: ...

    def share(self, share_arn: str) -> Share | None: ...

    def contents_of_invitation(self, invitation_arn: str) -> list[SharedResource]:
        """List what accepting would share.

        Raises:
            GoneError: the invitation was rejected, has expired or is gone.
            AccessDeniedError: AWS does not show it.
        """
        ...

    def contents_of_share(self, share_arn: str) -> list[SharedResource]: ...


class ConnectionDetails(Protocol):
    """Connections to this account's endpoint services."""

    def managed_service(self, service_id: str) -> ManagedService | None: ...

    def connection(self, service_id: str, endpoint_id: str) -> EndpointConnection:
        """Return the connection.

        Raises:
            GoneError: AWS lists no such connection.
        """
        ...

    def of_owner(self, account_id: str) -> list[EndpointConnection]:
        """Return all connections of an account's endpoints to services of this one."""
        ...

    def attachments_of(self, account_id: str) -> list[EndpointConnection]:
        """Return all connections of an account's transit gateways to services of this one."""
        ...


class OrganizationPlaces(Protocol):
    """Our AWS organization."""

    def place_of(self, account_id: str) -> OrganizationPlace: ...


class ConsumerRegistry(Protocol):
    """The registry of consumers."""

    def consumer(self, account_id: str) -> Consumer | None: ...


class Gatherer:
    """Gathers the facts of requests."""

    def __init__(
        self,
        shares: ShareDetails,
        connections: ConnectionDetails,
        organization: OrganizationPlaces,
        registry: ConsumerRegistry,
    ) -> None:
        self._shares = shares
        self._connections = connections
        self._organization = organization
        self._registry = registry

    def gather(self, request: Request, now: datetime) -> Facts | AlreadyResolved:
        """Return the facts; ``AlreadyResolved``, with the status, if the request is over.

        Raises:
            NotReadyError: AWS does not show all of it yet.
        """
        match request:
            case ResourceShareRequest():
                return self._share(request.share_arn, now)
            case EndpointConnectionRequest():
                return self._connection(request)
            case OrphanRequest():
                return AlreadyResolved(Status.WITHDRAWN, (Reason("orphan", "It is nobody's request."),))
            case _:
                assert_never(request)

    def requester(self, account_id: str) -> Requester:
        """Return the facts about an account."""
        return Requester(
            account_id=account_id,
            place=self._organization.place_of(account_id),
            consumer=self._registry.consumer(account_id),
        )

    def _share(self, share_arn: str, now: datetime) -> Facts | AlreadyResolved:
        share = self._shares.share(share_arn)
        if share is not None and share.in_effect:
            return ShareFacts(
                requester=self.requester(share.owner),
                share_arn=share_arn,
                share_name=share.name,
                share_tags=share.tags,
                contents=contents_of(self._shares.contents_of_share(share_arn)),
            )
        invitation = self._shares.newest_invitation(share_arn)
        if share is not None and (invitation is None or invitation.status is not InvitationStatus.PENDING):
            raise NotReadyError(f"{share_arn} is listed and not in effect")
        if invitation is None:
            return AlreadyResolved(
                Status.WITHDRAWN, (Reason("gone", "The share is gone, and no invitation to it is left."),)
            )
        match invitation.status:
            case InvitationStatus.PENDING:
                return self._invited(invitation, now)
            case InvitationStatus.ACCEPTED:
                raise NotReadyError(f"{share_arn} was accepted and is not in effect yet")
            case InvitationStatus.REJECTED:
                return AlreadyResolved(
                    Status.REJECTED, (Reason("rejected-elsewhere", "The invitation was rejected already."),)
                )
            case InvitationStatus.EXPIRED:
                return AlreadyResolved(Status.EXPIRED, (invitation.why_expired(now),))
            case InvitationStatus.UNKNOWN:
                raise NotReadyError(f"{invitation.arn} is in a status that nobody knew when this was written")
            case _:
                assert_never(invitation.status)

    def _invited(self, invitation: Invitation, now: datetime) -> Facts | AlreadyResolved:
        contents: tuple[Content, ...] | None
        try:
            contents = contents_of(self._shares.contents_of_invitation(invitation.arn))
        except GoneError as error:
            after = self._shares.newest_invitation(invitation.share_arn)
            if after is not None and after.status is InvitationStatus.EXPIRED:
                return AlreadyResolved(Status.EXPIRED, (after.why_expired(now),))
            return AlreadyResolved(Status.WITHDRAWN, (Reason("gone", str(error)),))
        except AccessDeniedError:
            contents = None
        if contents == () and now - invitation.sent_at < _CONTENTS_SHOW_WITHIN:
            raise NotReadyError(f"{invitation.arn} does not show yet what it is to")
        return ShareFacts(
            requester=self.requester(invitation.sender),
            share_arn=invitation.share_arn,
            share_name=invitation.share_name,
            # RAM reports tags of shares in effect, if at all.
            share_tags=None,
            contents=contents,
            deadline=invitation.deadline(contents),
        )

    def _connection(self, request: EndpointConnectionRequest) -> Facts | AlreadyResolved:
        service = self._connections.managed_service(request.service_id)
        if service is None:
            unmanaged = f"{request.service_id} is not, or no longer, a service that Drawbridge looks after."
            return AlreadyResolved(Status.WITHDRAWN, (Reason(NOT_MANAGED, unmanaged),))
        try:
            connection = self._connections.connection(request.service_id, request.endpoint_id)
        except GoneError as error:
            return AlreadyResolved(Status.WITHDRAWN, (Reason("gone", str(error)),))
        if connection.state is ConnectionState.UNKNOWN:
            raise NotReadyError(f"{request.endpoint_id} is in a state that nobody knew when this was written")
        if not connection.state.is_open:
            return _already_resolved(connection.state)
        if not connection.owner:
            raise NotReadyError(f"EC2 does not tell whose endpoint {request.endpoint_id} is")
        like_it = (
            self._connections.attachments_of(connection.owner)
            if is_attachment(connection.endpoint_id)
            else self._connections.of_owner(connection.owner)
        )
        counts = count_other_connections(connection, like_it)
        live = connection.state.is_live
        return ConnectionFacts(
            requester=self.requester(connection.owner),
            service=Service(
                id=service.service_id,
                name=service.name,
                region=connection.service_region,
                acceptance_required=service.acceptance_required,
                private_dns_name=service.private_dns_name,
                tags=service.tags,
            ),
            endpoint_id=connection.endpoint_id,
            endpoint_type=endpoint_type(connection, service.types),
            region=connection.region,
            ip_address_type=connection.ip_address_type,
            payer=connection.payer,
            connections=counts.total,
            connections_to_service=counts.to_service,
            live=live,
            asked_at=connection.asked_at if live else None,
        )


def expired_if_late(
    over: AlreadyResolved, request: Request, deadline: datetime | None, now: datetime
) -> AlreadyResolved:
    """Return how a request is over: its invitation expired if its ``deadline`` passed and AWS lists it no longer."""
    if not isinstance(request, ResourceShareRequest) or over.status is not Status.WITHDRAWN:
        return over
    if deadline is None or now < deadline:
        return over
    return AlreadyResolved(Status.EXPIRED, (expired(deadline, Arn.parse(request.share_arn).account_id),))


def contents_of(resources: Iterable[SharedResource]) -> tuple[Content, ...] | None:
    """Return what a share holds; ``None``, unknown as a whole, if AWS does not report the type of something."""
    # Without RAM's statuses: facts are kept and compared as they are.
    contents = {Content(resource.arn, resource.type) for resource in resources}
    return tuple(sorted(contents)) if all(each.type for each in contents) else None


def _already_resolved(state: ConnectionState) -> AlreadyResolved:
    reason = Reason("over", f"The endpoint connection is {state}.")
    match state:
        case ConnectionState.REJECTED:
            return AlreadyResolved(Status.REJECTED, (reason,))
        case ConnectionState.EXPIRED:
            return AlreadyResolved(Status.EXPIRED, (reason,))
        case _:
            return AlreadyResolved(Status.WITHDRAWN, (reason,))
