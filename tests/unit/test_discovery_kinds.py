"""Sweeps of what is neither a request nor gone: it is observed and reported."""

from drawbridge.hint import CONNECTIONS, SHARES
from drawbridge.request.connections import ConnectionState, EndpointConnection
from drawbridge.request.shares import InvitationStatus, Share
from drawbridge.status import Status
from tests.builders import CONSUMER, NOW, PROVIDER, SERVICE_ID, SHARE, SHARE_ARN, invitation, row
from tests.unit.discovering import World, connection


def attachment(
    state: ConnectionState = ConnectionState.PENDING_ACCEPTANCE, service_id: str = SERVICE_ID
) -> EndpointConnection:
    return connection(
        state, service_id=service_id, endpoint_id="", transit_gateway_attachment_id="tgw-attach-0123456789abcdef0"
    )


def test_an_attachment_of_a_transit_gateway_starts_nothing_and_is_reported() -> None:
    world = World()
    world.services.listed_connections = [attachment(), connection()]

    result = world.sweeper().sweep(CONNECTIONS, NOW)

    assert len(result.started) == len(world.state_machine.running) == 1
    assert [(each.transit_gateway_attachment_id, each.owner) for each in result.transit_gateway_attachments] == [
        ("tgw-attach-0123456789abcdef0", CONSUMER)
    ]


def test_an_attachment_that_was_answered_or_asks_elsewhere_is_nobody_s_to_answer() -> None:
    world = World()
    world.services.listed_connections = [
        attachment(ConnectionState.AVAILABLE),
        attachment(ConnectionState.REJECTED),
        attachment(service_id="vpce-svc-00000000000000009"),
    ]

    assert world.sweeper().sweep(CONNECTIONS, NOW).transit_gateway_attachments == ()


def test_an_attachment_counts_for_no_limit_of_its_owner_s_endpoints() -> None:
    world = World()
    world.services.listed_connections = [attachment(ConnectionState.AVAILABLE), connection()]
    world.sweeper().sweep(CONNECTIONS, NOW)

    (entered,) = world.ledger.kept.values()
    assert entered.decision_fingerprint == world.fingerprints.policies


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
