"""Whether something exists, as the adapter promises to find out: what AWS's odd answers say, and what they don't."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.stub import Stubber

from drawbridge.aws.existence import ExistenceById
from drawbridge.errors import AccessDeniedError, DrawbridgeError, ThrottledError, UpstreamError
from drawbridge.request.absence import Existence
from tests.builders import ENDPOINT_ID, NOW, RESOURCE_ARN, SERVICE_ARN, SERVICE_ID, SHARE_ARN, SHARED_NETWORK_ARN
from tests.contracts.accounts import Account, answering, empty_first_pages, refusing, shared
from tests.contracts.conftest import NewAccount

NOTHING_SHARED: dict[str, Any] = {"resources": []}


@pytest.fixture(scope="module")
def someone(new_account: NewAccount) -> Account:
    return new_account()


@pytest.fixture
def existence(someone: Account) -> ExistenceById:
    return ExistenceById(someone.ram, someone.lattice, someone.ec2)


def share_listed(status: str) -> dict[str, Any]:
    return {"resourceShares": [{"resourceShareArn": SHARE_ARN, "owningAccountId": "1" * 12, "status": status}]}


@pytest.mark.parametrize(
    ("answer", "existence_"),
    [
        (share_listed("ACTIVE"), Existence.PRESENT),
        (share_listed("PENDING"), Existence.PRESENT),
        (share_listed("FAILED"), Existence.PRESENT),
        (share_listed("MELTED"), Existence.PRESENT),
        (share_listed("DELETING"), Existence.GONE),
        (share_listed("DELETED"), Existence.GONE),
        ({"resourceShares": []}, Existence.UNKNOWN),
    ],
)
def test_a_share_is_what_ram_lists_of_it(
    someone: Account, existence: ExistenceById, answer: dict[str, Any], existence_: Existence
) -> None:
    with answering(someone.ram, "get_resource_shares", answer):
        assert existence.share(SHARE_ARN) is existence_


def test_an_empty_page_is_not_the_last(provider: Account, consumer: Account) -> None:
    arn, share_arn = shared(provider, consumer)
    existence = ExistenceById(consumer.ram, consumer.lattice, consumer.ec2)

    with empty_first_pages():
        assert existence.share(share_arn) is Existence.PRESENT
        assert existence.resource(arn) is Existence.PRESENT


ASKED: list[tuple[str, Callable[[Account], Any], str, Callable[[ExistenceById], Existence]]] = [
    ("share", lambda someone: someone.ram, "get_resource_shares", lambda asked: asked.share(SHARE_ARN)),
    ("resource", lambda someone: someone.ram, "list_resources", lambda asked: asked.resource(RESOURCE_ARN)),
    (
        "connection",
        lambda someone: someone.ec2,
        "describe_vpc_endpoint_connections",
        lambda asked: asked.connection(SERVICE_ID, ENDPOINT_ID),
    ),
]


@pytest.mark.parametrize(("_", "client", "operation", "ask"), ASKED, ids=[each[0] for each in ASKED])
@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", ThrottledError),
        ("AccessDeniedException", AccessDeniedError),
        ("InternalError", UpstreamError),
        ("NeverHeardOf", UpstreamError),
    ],
)
def test_an_error_is_raised_and_says_of_nothing_that_it_is_gone(
    someone: Account,
    existence: ExistenceById,
    code: str,
    error: type[DrawbridgeError],
    _: str,
    client: Callable[[Account], Any],
    operation: str,
    ask: Callable[[ExistenceById], Existence],
) -> None:
    with refusing(client(someone), operation, code), pytest.raises(error):
        ask(existence)


@contextmanager
def unshared(someone: Account, operation: str, *, code: str, words: str) -> Iterator[None]:
    """Have RAM list no share with the resource, and VPC Lattice refuse to describe it."""
    with answering(someone.ram, "list_resources", NOTHING_SHARED), Stubber(someone.lattice) as stubber:
        stubber.add_client_error(operation, code, words)
        yield
        stubber.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("arn", "operation"),
    [
        (RESOURCE_ARN, "get_resource_configuration"),
        (SERVICE_ARN, "get_service"),
        (SHARED_NETWORK_ARN, "get_service_network"),
    ],
)
@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("ResourceNotFoundException", "there is none"),
        ("AccessDeniedException", ""),
        ("AccessDeniedException", "User: a is not authorized because no resource-based policy allows the action"),
    ],
)
def test_a_resource_that_lattice_does_not_show_is_gone(
    someone: Account, existence: ExistenceById, arn: str, operation: str, code: str, words: str
) -> None:
    with unshared(someone, operation, code=code, words=words):
        assert existence.resource(arn) is Existence.GONE


@pytest.mark.parametrize(
    "because",
    [
        "because no identity-based policy allows the action",
        "with an explicit deny in an identity-based policy",
        "with an explicit deny in a service control policy",
        "because no permissions boundary allows the action",
        "because no session policy allows the action",
    ],
)
def test_a_denial_of_our_own_role_says_of_nothing_that_it_is_gone(
    someone: Account, existence: ExistenceById, because: str
) -> None:
    words = f"User: arn:aws:sts::222222222222:assumed-role/a/b is not authorized to perform: x {because}"
    with (
        unshared(someone, "get_resource_configuration", code="AccessDeniedException", words=words),
        pytest.raises(AccessDeniedError, match="describe arn"),
    ):
        existence.resource(RESOURCE_ARN)


def test_a_resource_that_no_share_holds_and_lattice_describes_may_be_there(
    someone: Account, existence: ExistenceById
) -> None:
    with (
        answering(someone.ram, "list_resources", NOTHING_SHARED),
        answering(someone.lattice, "get_resource_configuration", {"arn": RESOURCE_ARN, "name": "orders-db"}),
    ):
        assert existence.resource(RESOURCE_ARN) is Existence.UNKNOWN


def test_of_what_lattice_has_no_call_for_nothing_is_known(someone: Account, existence: ExistenceById) -> None:
    with answering(someone.ram, "list_resources", NOTHING_SHARED):
        assert existence.resource("arn:aws:vpc-lattice:us-east-1:111111111111:novelty/n-1") is Existence.UNKNOWN


def connections(*listed: tuple[str, str]) -> dict[str, Any]:
    rows = [
        {"ServiceId": SERVICE_ID, "VpcEndpointId": each, "VpcEndpointState": state, "CreationTimestamp": NOW}
        for each, state in listed
    ]
    return {"VpcEndpointConnections": rows}


@pytest.mark.parametrize(
    ("state", "existence_"),
    [
        *((state, Existence.PRESENT) for state in ("pendingAcceptance", "pending", "Available", "partial")),
        *((state, Existence.GONE) for state in ("deleting", "Deleted", "rejected", "failed", "expired")),
        ("hibernating", Existence.UNKNOWN),
        ("", Existence.UNKNOWN),
    ],
)
def test_a_connection_is_what_ec2_lists_of_it(
    someone: Account, existence: ExistenceById, state: str, existence_: Existence
) -> None:
    with answering(someone.ec2, "describe_vpc_endpoint_connections", connections((ENDPOINT_ID, state))):
        assert existence.connection(SERVICE_ID, ENDPOINT_ID) is existence_


def test_a_connection_that_is_in_one_list_and_not_in_the_other_may_be_there(
    someone: Account, existence: ExistenceById
) -> None:
    both = (connections(), connections((ENDPOINT_ID, "available")))

    with answering(someone.ec2, "describe_vpc_endpoint_connections", *both):
        assert existence.connection(SERVICE_ID, ENDPOINT_ID) is Existence.UNKNOWN


def test_a_service_is_gone_by_an_error_and_not_by_an_empty_list(someone: Account, existence: ExistenceById) -> None:
    with Stubber(someone.ec2) as stubber:
        for _ in range(2):
            stubber.add_response("describe_vpc_endpoint_connections", connections())
        stubber.add_response("describe_vpc_endpoint_service_configurations", {"ServiceConfigurations": []})

        assert existence.connection(SERVICE_ID, ENDPOINT_ID) is Existence.UNKNOWN
