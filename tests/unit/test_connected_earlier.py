"""What an earlier ledger let in: told by the names that are published still, if they are ours."""

from typing import Any

import msgspec
import pytest

from drawbridge.approval.connected_earlier import connected_earlier
from drawbridge.association import MadeAttachment
from drawbridge.decision import Accept, AskApprover, Hold, Keep, Reject
from drawbridge.decision.facts import Facts
from drawbridge.decision.let_in import ADOPTED, RECOVERED, LetIn, let_in_by, let_in_earlier
from drawbridge.decision.live import approved_before, kept
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.publication.documents import ConnectionDocument, to_parameter
from drawbridge.publication.parameters import ObservedParameter
from drawbridge.status import Reason
from tests.builders import CONSUMER, ENDPOINT_ID, NOW, RESOURCE_ARN, SUBNET, connection_facts, content, share_facts
from tests.fakes.parameter_store import InMemoryPublicationStore

LIVE = connection_facts(live=True)
IN_EFFECT = share_facts(deadline=None)
NAME = "/drawbridge/connections/all/orders/connection"
CONSUMERS = f"/drawbridge/consumers/{CONSUMER}/{ENDPOINT_ID}/connection"
GROUP_ARN = f"{RESOURCE_ARN[:-1]}0"
WHY = (Reason("policy", "because", source="p"),)


def published(subject: str = RESOURCE_ARN, **changes: Any) -> ObservedParameter:
    fields: dict[str, Any] = {
        "dns_name": "orders.example.com",
        "hosted_zone_id": "Z1",
        "private_dns_name": None,
        "port_ranges": ("5432",),
        "protocol": "TCP",
        "mode": "resource-endpoint",
        "vpc_id": "vpc-1",
        "endpoint_id": ENDPOINT_ID,
        "association_id": "assoc-1",
        "resource_configuration_arn": RESOURCE_ARN,
        "provider": "111111111111",
        "published_at": NOW.isoformat(),
    }
    return ObservedParameter(value=to_parameter(ConnectionDocument(**(fields | changes))), subject=subject)


def connected(facts: Facts, *of_others: AttachmentSnapshot, **there: ObservedParameter) -> frozenset[str]:
    return connected_earlier(facts, InMemoryPublicationStore(**there), "drawbridge", lambda: of_others)


@pytest.mark.parametrize(
    ("there", "found"),
    [
        ({NAME: published()}, {RESOURCE_ARN}),
        ({NAME: published(resource_configuration_arn="arn:child", group_arn=RESOURCE_ARN)}, {RESOURCE_ARN}),
        ({NAME: published(resource_configuration_arn=GROUP_ARN)}, set()),
        ({NAME: published(subject="")}, set()),
        ({NAME: published(subject=""), NAME.replace("/all/", "/more/"): published()}, {RESOURCE_ARN}),
        ({NAME.replace("connection", "dns-name"): published()}, set()),
        ({NAME: ObservedParameter(value="by hand", subject=RESOURCE_ARN)}, set()),
        ({NAME.replace("/connections/", "/elsewhere/"): published()}, set()),
        ({}, set()),
    ],
)
def test_of_a_share_that_is_connected_for_which_a_name_of_ours_is_published(
    there: dict[str, ObservedParameter], found: set[str]
) -> None:
    assert connected(share_facts(deadline=None, contents=(content(), SUBNET)), **there) == found


def test_what_is_connected_for_another_share_was_not_let_in_with_this_one() -> None:
    of_another = AttachmentSnapshot(
        name="all/orders",
        resource_arn=RESOURCE_ARN,
        resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
        holds_others=False,
        made=MadeAttachment(endpoint_id=ENDPOINT_ID),
        observed_fingerprint="",
    )

    assert connected(IN_EFFECT, of_another, **{NAME: published()}) == set()


@pytest.mark.parametrize("contents", [None, ()])
def test_of_a_share_of_which_nothing_is_seen_nothing_is_known_to_be_connected(contents: Any) -> None:
    assert connected(share_facts(deadline=None, contents=contents), **{NAME: published()}) == set()


@pytest.mark.parametrize(("subject", "found"), [(ENDPOINT_ID, {ENDPOINT_ID}), ("", set()), ("vpce-0", set())])
def test_a_connection_is_if_its_names_are_published_and_ours(subject: str, found: set[str]) -> None:
    there = {CONSUMERS: ObservedParameter(value="{}", subject=subject)}

    assert connected(LIVE, **there) == found
    assert connected(connection_facts(live=True, endpoint_id="vpce-00000000000000000"), **there) == set()


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
