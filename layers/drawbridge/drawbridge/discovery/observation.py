"""Observing: the shares, invitations and endpoint connections that AWS lists become observed requests."""

from collections import defaultdict
from datetime import UTC, datetime
from typing import Protocol

from msgspec import Struct

from drawbridge.discovery.fingerprints import FingerprintsInForce
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.observed_request import ObservedRequest
from drawbridge.request import EndpointConnectionRequest, OrphanRequest, Request, ResourceShareRequest
from drawbridge.request.connections import EndpointConnection, ManagedService, count_other_connections
from drawbridge.request.fingerprints import GONE_FINGERPRINT, fingerprint, share_fingerprint
from drawbridge.request.shares import Invitation, InvitationStatus, Share, SharedResource, newest


class SweptShares(Protocol):
    """What other accounts share with this one."""

    def invitations(self) -> list[Invitation]: ...

    def shares(self) -> list[Share]: ...

    def resources(self) -> list[SharedResource]: ...


class SweptServices(Protocol):
    """This account's endpoint services and the connections to them."""

    def managed(self) -> list[ManagedService]: ...

    def connections(self) -> list[EndpointConnection]:
        """Return the connections to all services of this account, managed or not."""
        ...


class Observation(Struct, frozen=True):
    """What AWS lists of one kind of requests."""

    requests: list[ObservedRequest]
    listed: frozenset[str]
    """What is there: the ARNs of shares and of what those in effect hold, or the ids of endpoints and attachments."""


class Observer:
    """Observes requests; those that the ledger still follows and AWS does not list any longer are observed as gone."""

    def __init__(self, shares: SweptShares, services: SweptServices, fingerprints: FingerprintsInForce) -> None:
        self._shares = shares
        self._services = services
        self._fingerprints = fingerprints

    def connections(self, followed: list[LedgerRow]) -> Observation:
        """Return the observed requests.

        What is connected with a service that is not managed any longer is left as it is until its endpoint is gone.
        """
        managed = {service.service_id for service in self._services.managed()}
        connected = {row.request_id for row in followed if _is_connection(row) and row.settled and row.is_connected}
        listed = self._services.connections() if managed or connected else []
        by_owner: dict[str, list[EndpointConnection]] = defaultdict(list)
        for connection in listed:
            by_owner[connection.owner].append(connection)
        followable = [each for each in listed if each.service_id in managed and each.owner]
        self._fingerprints.load({each.owner for each in followable})
        observed = [
            ObservedRequest(
                request=EndpointConnectionRequest(service_id=connection.service_id, endpoint_id=connection.endpoint_id),
                account_id=connection.owner,
                # Pending turns into available by itself while the attempt runs: that is no change.
                observed_fingerprint=fingerprint("open" if connection.state.is_open else connection.state),
                bindings_fingerprint="",
                decision_fingerprint=self._fingerprints.decision_fingerprint(
                    connection.owner, count_other_connections(connection, by_owner[connection.owner])
                ),
                policies_fingerprint=self._fingerprints.decision_fingerprint(connection.owner),
                open=connection.state.is_open,
            )
            for connection in followable
        ]
        there = frozenset(each.endpoint_id for each in listed if not each.state.is_over)
        gone = self._no_longer_listed(
            EndpointConnectionRequest,
            observed,
            [row for row in followed if row.request_id not in connected or row.request.subject not in there],
        )
        return Observation(observed + gone, there)

    def shares(self, followed: list[LedgerRow], now: datetime) -> Observation:
        invitations: dict[str, list[Invitation]] = defaultdict(list)
        for invitation in self._shares.invitations():
            invitations[invitation.share_arn].append(invitation)
        resources: dict[str, list[SharedResource]] = defaultdict(list)
        for resource in self._shares.resources():
            resources[resource.share_arn].append(resource)
        listed = self._shares.shares()
        shares = {share.arn: share for share in listed if share.in_effect}
        arns = sorted({*invitations, *shares})
        self._fingerprints.load({_provider(newest(invitations[arn]), shares.get(arn)) for arn in arns})
        observed = [
            self._observed_share(arn, newest(invitations[arn]), shares.get(arn), resources[arn], now) for arn in arns
        ]
        # One that is listed and not in effect is not gone.
        not_in_effect = {share.arn for share in listed} - shares.keys()
        requests = [
            *(each for each in observed if each.request.subject not in not_in_effect or each.open),
            *self._no_longer_listed(
                ResourceShareRequest,
                observed,
                [row for row in followed if row.request.subject not in not_in_effect],
            ),
            *self._no_longer_listed(OrphanRequest, observed, followed),
        ]
        pending = {
            arn for arn, each in invitations.items() if any(one.status is InvitationStatus.PENDING for one in each)
        }
        held = {resource.arn for arn in shares for resource in resources[arn]}
        return Observation(requests, frozenset({share.arn for share in listed} | pending | held))

    def _observed_share(
        self,
        arn: str,
        invitation: Invitation | None,
        share: Share | None,
        resources: list[SharedResource],
        now: datetime,
    ) -> ObservedRequest:
        lattice_contents = tuple(sorted(resource for resource in resources if resource.is_lattice))
        lattice = [resource.arn for resource in lattice_contents]
        asking = invitation if invitation and invitation.status is InvitationStatus.PENDING else None
        provider = _provider(invitation, share)
        name = share.name if share else invitation.share_name if invitation else ""
        return ObservedRequest(
            request=ResourceShareRequest(share_arn=arn),
            account_id=provider,
            # An invitation that was accepted is dropped after seven days, which changes nothing.
            observed_fingerprint=fingerprint(invitation.arn, invitation.status)
            if invitation and not share
            else share_fingerprint(resource.arn for resource in resources),
            bindings_fingerprint=self._fingerprints.bindings_fingerprint(provider, name),
            share_name=name,
            decision_fingerprint=self._fingerprints.decision_fingerprint(provider),
            policies_fingerprint=self._fingerprints.decision_fingerprint(provider),
            # A share in effect that holds nothing of VPC Lattice's is not handled here.
            lattice_contents=lattice_contents if share else (),
            contents=tuple(resources) if share else (),
            deadline=_whole_seconds(asking.next_deadline(now)) if asking and not share else None,
            open=asking is not None or bool(share and lattice),
        )

    @staticmethod
    def _no_longer_listed(
        kind: type[Request], observed: list[ObservedRequest], followed: list[LedgerRow]
    ) -> list[ObservedRequest]:
        """Return the requests that the ledger still follows and AWS does not list any longer."""
        listed = {each.request.request_id for each in observed}
        return [
            ObservedRequest(
                request=row.request,
                account_id=row.account_id,
                observed_fingerprint=GONE_FINGERPRINT,
                bindings_fingerprint=row.bindings_fingerprint,
                decision_fingerprint=row.decision_fingerprint,
                policies_fingerprint=row.reviewed_fingerprint,
                open=False,
            )
            for row in followed
            if isinstance(row.request, kind) and row.request_id not in listed
        ]


def _provider(invitation: Invitation | None, share: Share | None) -> str:
    return share.owner if share else invitation.sender if invitation else ""


def _whole_seconds(time: datetime) -> datetime:
    """Return the time as a row keeps it."""
    return time.astimezone(UTC).replace(microsecond=0)


def _is_connection(row: LedgerRow) -> bool:
    return isinstance(row.request, EndpointConnectionRequest)
