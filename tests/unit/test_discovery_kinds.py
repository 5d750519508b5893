"""Sweeps of what asks otherwise than most, or is neither a request nor gone."""

from typing import Any

from drawbridge.hint import CONNECTIONS, SHARES
from drawbridge.request import EndpointConnectionRequest, kind_of
from drawbridge.request.connections import ConnectionState, EndpointConnection
from drawbridge.request.shares import InvitationStatus, Share
from drawbridge.status import Status
from tests.builders import (
    ATTACHMENT_ID,
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    PROVIDER,
    SERVICE_ID,
    SHARE,
    SHARE_ARN,
    invitation,
    row,
)
from tests.unit.discovering import World, connection


def attachment(
    state: ConnectionState = ConnectionState.PENDING_ACCEPTANCE, service_id: str = SERVICE_ID, **changes: Any
) -> EndpointConnection:
    return connection(state, service_id=service_id, **{"endpoint_id": ATTACHMENT_ID, **changes})


def test_an_attachment_of_a_transit_gateway_is_a_request_of_its_own() -> None:
    world = World()
    world.services.listed_connections = [attachment(), connection()]

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert len(result.started) == len(world.state_machine.running) == 2
    entered = world.ledger.kept[f"connection-{SERVICE_ID}-{ATTACHMENT_ID}"]
    assert (entered.request.subject, kind_of(entered.request)) == (ATTACHMENT_ID, "endpoint-connection")
    assert entered.account_id == CONSUMER


def test_an_attachment_that_is_over_or_asks_elsewhere_starts_nothing() -> None:
    world = World()
    world.services.listed_connections = [
        attachment(ConnectionState.REJECTED),
        attachment(service_id="vpce-svc-00000000000000009"),
        attachment(ConnectionState.UNKNOWN, endpoint_id="tgw-attach-00000000000000009"),
    ]

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert (result.started, result.failures) == ((), ())


def test_an_attachment_counts_for_no_limit_of_its_owner_s_endpoints_but_for_that_of_its_attachments() -> None:
    world = World()
    other = "tgw-attach-0fffffffffffffff9"
    world.services.listed_connections = [
        attachment(ConnectionState.AVAILABLE),
        attachment(endpoint_id=other),
        connection(),
    ]
    world.sweeper().sweep(CONNECTIONS, NOW)

    entered = {each.request.subject: each.decision_fingerprint for each in world.ledger.kept.values()}
    assert entered[ENDPOINT_ID] == entered[ATTACHMENT_ID] == world.fingerprints.policies
    assert entered[other] != world.fingerprints.policies


def test_an_attachment_that_is_connected_and_no_longer_listed_is_marked_as_gone() -> None:
    world = World()
    request = EndpointConnectionRequest(service_id=SERVICE_ID, endpoint_id=ATTACHMENT_ID)
    world.ledger.kept[request.request_id] = row(Status.AVAILABLE, request=request, account_id=CONSUMER)
    world.services.listed_connections = [connection()]
    world.existences.connections[ATTACHMENT_ID] = ConnectionState.DELETED

    world.sweeper().sweep(CONNECTIONS, NOW)

    (mark,) = world.ledger.kept[request.request_id].absent
    assert mark.of == ATTACHMENT_ID


def test_a_connection_of_which_nobody_knows_whose_it_is_stops_no_other() -> None:
    world = World()
    world.services.listed_connections = [connection(owner="", endpoint_id="vpce-00000000000000009"), connection()]

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert (len(result.started), result.failures) == (1, ())


def test_a_share_that_is_listed_and_not_in_effect_is_not_taken_for_gone() -> None:
    world = World()
    world.ledger.kept[SHARE.request_id] = row(
        Status.HELD, request=SHARE, account_id=PROVIDER, observed_fingerprint="in effect"
    )
    share = Share(arn=SHARE_ARN, name="orders", owner=PROVIDER, in_effect=False)
    world.shares.listed_shares = [share]
    world.shares.listed_invitations = [invitation(InvitationStatus.ACCEPTED)]

    suspended = world.sweeper().sweep(SHARES, NOW)
    world.shares.listed_shares, world.shares.listed_invitations = [], []
    gone = world.sweeper().sweep(SHARES, NOW)

    assert suspended.started == ()
    assert len(gone.started) == 1


def test_an_invitation_in_a_status_that_nobody_knows_starts_nothing() -> None:
    world = World()
    world.shares.listed_invitations = [invitation(InvitationStatus.UNKNOWN)]

    assert world.sweeper().sweep(SHARES, NOW).started == ()
