"""Observing: what AWS lists of shares, invitations and endpoint connections becomes observed requests."""

from collections import defaultdict
from typing import Protocol

from drawbridge.discovery.fingerprints import Configured
from drawbridge.discovery.observed import Seen
from drawbridge.discovery.row import Row
from drawbridge.request import EndpointConnectionRequest, Request, ResourceShareRequest
from drawbridge.request.connections import Connection, ConnectionState, ManagedService, held_beside
from drawbridge.request.digests import digest, state_in_effect
from drawbridge.request.shares import Invitation, InvitationStatus, Share, SharedResource, newest


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


class Observer:
    """Observes; what the ledger still waits for and AWS does not list any longer is observed too, as gone."""

    def __init__(self, shares: Shares, services: Services, configured: Configured) -> None:
        self._shares = shares
        self._services = services
        self._configured = configured

    def connections(self, followed: list[Row], attachments: list[Connection]) -> list[Seen]:
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

    def shares(self, followed: list[Row]) -> list[Seen]:
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
