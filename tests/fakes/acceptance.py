"""An invitation and a connection, in memory; ``aws.resource_shares``, ``aws.endpoint_services`` have them in AWS."""

from __future__ import annotations

from drawbridge.errors import GoneError
from drawbridge.request.connections import ConnectionState
from drawbridge.request.shares import Invitation, InvitationStatus, SharedResource
from tests.builders import (
    ATTACHMENT_ID,
    CONSUMER,
    ENDPOINT_ID,
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

    def state(self, service_id: str, endpoint_id: str) -> ConnectionState:
        if self.now is None or service_id != SERVICE_ID or endpoint_id not in _CONNECTED:
            raise GoneError(f"no connection of {endpoint_id} to {service_id} is listed")
        return self.now

    def owner(self, service_id: str, endpoint_id: str) -> str:
        self.state(service_id, endpoint_id)
        return self.owned_by

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        self.answers.append(accept)
        return {each: "InvalidState: not now" for each in endpoint_ids if not self._is_answered(each, accept=accept)}

    def _is_answered(self, endpoint_id: str, *, accept: bool) -> bool:
        takes = self.now is ConnectionState.PENDING_ACCEPTANCE if accept else self.now is not None and self.now.is_open
        if self.refuses or not takes or endpoint_id not in _CONNECTED:
            return False
        self.now = ConnectionState.PENDING if accept else ConnectionState.REJECTED
        return True
