"""An invitation and a connection, in memory; ``aws.resource_shares``, ``aws.endpoint_services`` have them in AWS."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from drawbridge.errors import DrawbridgeError, GoneError
from drawbridge.request import EndpointConnectionRequest
from drawbridge.request.connections import ConnectionState, EndpointConnection
from drawbridge.request.shares import Invitation, InvitationStatus, SharedResource
from tests.builders import (
    ATTACHMENT_ID,
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    RESOURCE_ARN,
    SERVICE_ID,
    SHARE_ARN,
    invitation,
    shared_resource,
)


class InMemoryInvitationAnswers:
    """An invitation and the share behind it, as RAM would change them."""

    def __init__(self, status: InvitationStatus | None, *, shared: bool = False, never_answered: bool = False) -> None:
        self.status = status
        self.shared = shared
        self.never_answered = never_answered
        self.answers: list[bool] = []
        self.holds: list[str] | Exception = [RESOURCE_ARN]

    def newest_invitation(self, share_arn: str) -> Invitation | None:
        return invitation(self.status) if self.status and share_arn == SHARE_ARN else None

    def contents_of_invitation(self, invitation_arn: str) -> list[SharedResource]:
        if self.status in {None, InvitationStatus.REJECTED, InvitationStatus.EXPIRED}:
            raise GoneError(f"list the resources of {invitation_arn}: it is {self.status}")
        if isinstance(self.holds, Exception):
            raise self.holds
        return [shared_resource(arn) for arn in self.holds]

    def is_shared(self, share_arn: str) -> bool:
        return self.shared and share_arn == SHARE_ARN

    def answer(self, invitation_arn: str, *, accept: bool) -> None:
        self.answers.append(accept)
        if self.status is InvitationStatus.PENDING and not self.never_answered:
            self.status = InvitationStatus.ACCEPTED if accept else InvitationStatus.REJECTED
            self.shared = self.shared or accept


_CONNECTED = frozenset({ENDPOINT_ID, ATTACHMENT_ID})


class InMemoryConnectionAnswers:
    """A connection, as EC2 would change it."""

    def __init__(self, state: ConnectionState | None, *, refuses: bool = False) -> None:
        self.now = state
        self.refuses = refuses
        self.answers: list[bool] = []
        self.owned_by = CONSUMER

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        if self.now is None:
            return []
        return [listed_connection(each, self.now, owner=self.owned_by) for each in _CONNECTED & {*endpoint_ids}]

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        self.answers.append(accept)
        return {each: "InvalidState: not now" for each in endpoint_ids if not self._is_answered(each, accept=accept)}

    def _is_answered(self, endpoint_id: str, *, accept: bool) -> bool:
        takes = self.now is ConnectionState.PENDING_ACCEPTANCE if accept else self.now is not None and self.now.is_open
        if self.refuses or not takes or endpoint_id not in _CONNECTED:
            return False
        self.now = ConnectionState.PENDING if accept else ConnectionState.REJECTED
        return True


class InMemoryConnections:
    """Connections to several services, by what they are and the ids of their endpoints, as EC2 would change them."""

    def __init__(self, states: Mapping[EndpointConnectionRequest, ConnectionState]) -> None:
        self.there = dict(states)
        self.owners: dict[EndpointConnectionRequest, str] = {}
        """Whose they are, if not the usual consumer's."""
        self.calls: list[tuple[str, bool, list[str]]] = []
        """The answers: to which service, whether it was to accept, and the ids."""
        self.looks: list[frozenset[str]] = []
        self.refused: dict[str, str] = {}
        """AWS's words in the body of an answer, by ids."""
        self.broken: dict[str, DrawbridgeError] = {}
        """What a whole call comes to that has one of these ids."""

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        self.looks.append(frozenset(endpoint_ids))
        return [
            listed_connection(each.endpoint_id, state, each.service_id, owner=self.owners.get(each, CONSUMER))
            for each, state in self.there.items()
            if each.endpoint_id in endpoint_ids
        ]

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        self.calls.append((service_id, accept, endpoint_ids))
        for each in endpoint_ids:
            if each in self.broken:
                raise self.broken[each]
        refused = {each: self.refused[each] for each in endpoint_ids if each in self.refused}
        for each in endpoint_ids:
            request = EndpointConnectionRequest(service_id=service_id, endpoint_id=each)
            state = self.there.get(request)
            takes = state is ConnectionState.PENDING_ACCEPTANCE if accept else state is not None and state.is_open
            if each in refused:
                continue
            if takes:
                self.there[request] = ConnectionState.PENDING if accept else ConnectionState.REJECTED
            else:
                refused[each] = "InvalidState: not now"
        return refused


def listed_connection(
    endpoint_id: str, state: ConnectionState, service_id: str = SERVICE_ID, *, owner: str = CONSUMER
) -> EndpointConnection:
    return EndpointConnection(
        service_id=service_id, endpoint_id=endpoint_id, owner=owner, state=state, region="us-east-1", asked_at=NOW
    )
