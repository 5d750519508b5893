"""What an earlier ledger let in: told by what is there still and is ours, whatever is written of it."""

from collections.abc import Collection
from typing import Any

import msgspec
import pytest

from drawbridge.approval.connected_earlier import ConnectedEarlier
from drawbridge.association.owned_object import OwnedKind, OwnedObject
from drawbridge.decision import Accept, AskApprover, Hold, Keep, Reject
from drawbridge.decision.facts import Facts
from drawbridge.decision.let_in import ADOPTED, RECOVERED, LetIn, let_in_by, let_in_earlier
from drawbridge.decision.live import approved_before, kept
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.status import Reason
from tests.builders import (
    CONNECTION,
    CONSUMER,
    ENDPOINT_ID,
    NOW,
    RESOURCE_ARN,
    SHARED_NETWORK_ARN,
    SUBNET,
    VPC_ID,
    connection_facts,
    content,
    share_facts,
)
from tests.fakes.owned_objects import InMemoryOwnedObjects
from tests.fakes.parameter_store import InMemoryPublicationStore

LIVE = connection_facts(live=True)
IN_EFFECT = share_facts(deadline=None)
CONSUMERS = f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}/connection"
OWN_NETWORK = f"arn:aws:vpc-lattice:us-east-1:{CONSUMER}:servicenetwork/sn-0123456789abcdef0"
WHY = (Reason("policy", "because", source="p"),)

ENDPOINT = OwnedObject(id="vpce-1", kind=OwnedKind.ENDPOINT, binding="all", resource_arn=RESOURCE_ARN, vpc_id=VPC_ID)
IN_NETWORK = OwnedObject(
    id="snra-1", kind=OwnedKind.RESOURCE_ASSOCIATION, arn="arn:1", resource_arn=RESOURCE_ARN, network_arn=OWN_NETWORK
)
TO_SHARED = OwnedObject(id="snva-1", kind=OwnedKind.VPC_ASSOCIATION, arn="arn:2", network_arn=SHARED_NETWORK_ARN)
TO_OWN = OwnedObject(id="vpce-2", kind=OwnedKind.NETWORK_ENDPOINT, network_arn=OWN_NETWORK, vpc_id=VPC_ID)


def connected(
    facts: Facts,
    *made: OwnedObject,
    not_ours: Collection[str] = (),
    of_others: Collection[str] | None = (),
    published: dict[str, ObservedParameter] | None = None,
) -> frozenset[str]:
    objects = InMemoryOwnedObjects()
    objects.marked = [each for each in made if not each.arn]
    objects.there = [each for each in made if each.arn]
    objects.not_ours = {*not_ours}
    asked: list[str] = []

    def others(request_id: str) -> Collection[str] | None:
        asked.append(request_id)
        return of_others

    names = InMemoryPublicationStore(**(published or {}))
    find = ConnectedEarlier(lambda: objects, names, others, prefix="drawbridge", account_id=CONSUMER)
    found = find(CONNECTION.request_id, facts)
    assert asked in ([], [CONNECTION.request_id])
    return found


NETWORK = msgspec.structs.replace(content(), arn=SHARED_NETWORK_ARN)


@pytest.mark.parametrize(
    ("made", "not_ours", "found"),
    [
        ([ENDPOINT], [], {RESOURCE_ARN}),
        ([IN_NETWORK], [], {RESOURCE_ARN}),
        ([IN_NETWORK], ["snra-1"], set()),
        ([TO_SHARED], [], {SHARED_NETWORK_ARN}),
        ([TO_SHARED], ["snva-1"], set()),
        ([TO_OWN], [], set()),
        ([msgspec.structs.replace(ENDPOINT, resource_arn=f"{RESOURCE_ARN[:-1]}0")], [], set()),
        ([], [], set()),
    ],
)
def test_of_a_share_that_is_connected_to_which_something_of_ours_leads(
    made: list[OwnedObject], not_ours: list[str], found: set[str]
) -> None:
    facts = share_facts(deadline=None, contents=(content(), SUBNET, NETWORK))

    assert connected(facts, *made, not_ours=not_ours) == found


@pytest.mark.parametrize("of_others", [{RESOURCE_ARN}, None])
def test_what_another_request_may_have_connected_was_not_let_in_with_this_one(
    of_others: Collection[str] | None,
) -> None:
    assert connected(IN_EFFECT, ENDPOINT, of_others={SHARED_NETWORK_ARN}) == {RESOURCE_ARN}
    assert connected(IN_EFFECT, ENDPOINT, of_others=of_others) == set()


@pytest.mark.parametrize("contents", [None, (), (SUBNET,)])
def test_of_a_share_of_which_nothing_is_seen_nothing_is_known_to_be_connected(contents: Any) -> None:
    assert connected(share_facts(deadline=None, contents=contents), ENDPOINT) == set()


@pytest.mark.parametrize(("subject", "found"), [(ENDPOINT_ID, {ENDPOINT_ID}), ("", set()), ("vpce-0", set())])
def test_a_connection_is_if_its_names_are_published_and_ours(subject: str, found: set[str]) -> None:
    there = {CONSUMERS: ObservedParameter(value="{}", subject=subject)}

    assert connected(LIVE, published=there) == found
    other = connection_facts(live=True, endpoint_id="vpce-00000000000000000")
    assert connected(other, published=there) == set()


def earlier(facts: Facts, *arns: str) -> LetIn:
    found = let_in_earlier(facts, arns, NOW)
    assert found is not None
    return found


def test_nobody_is_asked_about_what_an_earlier_ledger_let_in_all_of() -> None:
    before = earlier(IN_EFFECT, RESOURCE_ARN)

    decision = approved_before(AskApprover(WHY), IN_EFFECT, before)

    assert isinstance(decision, Accept)
    assert [each.code for each in decision.because] == [RECOVERED, "policy"]
    let_in = let_in_by(decision, IN_EFFECT, None, NOW, earlier=before)
    assert let_in is not None
    assert (let_in.approved, let_in.arns) == (True, (RESOURCE_ARN,))
    # And so it stays, whenever it is decided on again.
    assert isinstance(approved_before(AskApprover(WHY), IN_EFFECT, let_in), Accept)


def test_what_else_a_share_holds_is_asked_about() -> None:
    grown = share_facts(deadline=None, contents=(content(), SUBNET))

    assert isinstance(approved_before(AskApprover(WHY), grown, earlier(grown, RESOURCE_ARN)), AskApprover)


@pytest.mark.parametrize("facts", [IN_EFFECT, LIVE])
@pytest.mark.parametrize("decision", [Hold(WHY), Reject(WHY)])
def test_what_policies_would_not_let_in_any_more_is_kept_as_what_an_earlier_ledger_let_in(
    facts: Facts, decision: Hold | Reject
) -> None:
    before = earlier(facts, RESOURCE_ARN)

    stays = kept(decision, facts, before)

    assert isinstance(stays, Keep)
    assert let_in_by(stays, facts, None, NOW, earlier=before) == before


def test_what_nothing_of_ours_leads_to_was_let_in_by_nobody_here() -> None:
    assert let_in_earlier(IN_EFFECT, (), NOW) is None
    assert isinstance(kept(Hold(WHY), IN_EFFECT, None), Hold)
    adopted = let_in_by(Keep(WHY), LIVE, None, NOW)
    assert adopted is not None
    assert [each.code for each in adopted.because] == [ADOPTED]


def test_what_this_ledger_says_comes_first() -> None:
    recorded = LetIn(at=NOW, because=WHY)

    assert let_in_by(Keep(WHY), LIVE, recorded, NOW, earlier=earlier(LIVE, ENDPOINT_ID)) is None
    assert not msgspec.structs.replace(recorded, because=WHY).approved
