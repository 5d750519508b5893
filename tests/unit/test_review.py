"""Reviews: what the policies in force decide on what the ledger keeps."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from drawbridge.association import MadeAttachment
from drawbridge.configuration import Broken, InForce
from drawbridge.decision.bounds import decision_record_within
from drawbridge.decision.decide import decide
from drawbridge.decision.decide_again import MOST_CONTENTS, decision_record_of
from drawbridge.decision.decision_record import AssociationDecisionRecord
from drawbridge.decision.facts import Consumer, Fact, Facts, Membership, OrganizationPlace, ResourceFacts
from drawbridge.decision.let_in import ADOPTED, APPROVED, RECOVERED, LetIn
from drawbridge.discovery.ledger_row import LedgerRow
from drawbridge.discovery.review import Lapse, Review, ReviewOpen
from drawbridge.discovery.reviewer import PolicyReviewer
from drawbridge.lattice import ResourceKind
from drawbridge.publication import AttachmentSnapshot
from drawbridge.request.shares import SharedResource
from drawbridge.status import Reason, Status
from tests.builders import (
    CONSUMER,
    EVALUATION_TIME,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ID,
    connection_facts,
    content,
    requester,
    resource_facts,
    row,
    share_facts,
    shared_resource,
)
from tests.fakes.consumers import InMemoryConsumerRegistry
from tests.unit.policies import compiled

ACCEPT = 'permit(principal, action == Action::"accept", resource);'
REGISTERED = 'permit(principal, action == Action::"accept", resource) when { principal has consumer };'
BY_DAY = 'permit(principal, action == Action::"accept", resource) when { context.local.hour >= 14 };'
ASSOCIATE = 'permit(principal, action == Action::"associate", resource);'


def kept(facts: Facts, *texts: str, resources: tuple[ResourceFacts, ...] = (), **changes: Any) -> LedgerRow:
    """Return the row of a request that was decided by these policies."""
    policies = compiled([*texts])
    decision_record = decision_record_of(facts, decide(facts, policies, EVALUATION_TIME), policies, EVALUATION_TIME, {})
    association = AssociationDecisionRecord(at=NOW, zone="UTC", resources=resources)
    fields: dict[str, Any] = {
        "decision_record": decision_record,
        "association_decision_record": association if resources else None,
    }
    return row(Status.AVAILABLE, **(fields | changes))


def reviewer(
    *texts: str,
    registry: InMemoryConsumerRegistry | None = None,
    written: Collection[str] = (),
    broken: tuple[Broken, ...] = (),
) -> PolicyReviewer:
    return PolicyReviewer(
        InForce(compiled([*texts]).policies if texts else (), (), broken),
        registry or InMemoryConsumerRegistry(CONSUMER),
        lambda path, name: f"{path}/{name}" in written,
    )


def test_what_would_be_let_in_again_is_permitted() -> None:
    review = reviewer(ACCEPT).review(kept(connection_facts(), ACCEPT), ())

    assert isinstance(review, Review)
    assert (review.permitted, review.reasons) == (True, ())


def test_what_would_not_be_let_in_any_more_is_reported_with_its_reasons() -> None:
    forbid = '@id("stop") @reason("no more") forbid(principal, action, resource);'

    review = reviewer(ACCEPT, forbid).review(kept(connection_facts(), ACCEPT), ())

    assert isinstance(review, Review)
    assert not review.permitted
    assert [reason.source for reason in review.reasons if reason.code == "policy"] == ["stop"]


def test_a_consumer_that_was_removed_from_the_registry_is_reviewed_as_it_is_registered_now() -> None:
    who = requester(CONSUMER, services=frozenset({SERVICE_ID}))
    let_in = kept(connection_facts(who), REGISTERED)

    still_there = reviewer(REGISTERED).review(let_in, ())
    removed = reviewer(REGISTERED, registry=InMemoryConsumerRegistry()).review(let_in, ())

    assert isinstance(still_there, Review)
    assert isinstance(removed, Review)
    assert (still_there.permitted, removed.permitted) == (True, False)


def test_each_resource_is_reviewed_by_what_permits_associations() -> None:
    resources = (resource_facts(), resource_facts(name="secrets", port_ranges=("443",)))
    only_443 = f'{ASSOCIATE[:-1]} when {{ resource.portRanges == ["443"] }};'

    review = reviewer(ACCEPT, only_443).review(kept(share_facts(), ACCEPT, ASSOCIATE, resources=resources), ())

    assert isinstance(review, Review)
    (reason,) = review.reasons
    assert reason.code == "association-not-permitted"
    assert reason.text.startswith("orders-db: ")


def test_a_review_is_as_of_when_it_was_decided_and_not_of_the_hour_of_the_review() -> None:
    in_time = 'permit(principal, action == Action::"accept", resource) when { context.local.hour == 12 };'

    review = reviewer(in_time).review(kept(connection_facts(), in_time), ())

    assert isinstance(review, Review)
    assert review.permitted


def test_where_no_facts_are_kept_there_is_no_review() -> None:
    without = row(Status.AVAILABLE)

    assert isinstance(reviewer(ACCEPT).review(without, ()), ReviewOpen)
    assert not reviewer(BY_DAY).decides_otherwise(without, NOW)


def test_what_a_policy_holds_for_the_hour_is_let_go_when_the_hour_comes() -> None:
    held = kept(connection_facts(), BY_DAY)

    assert not reviewer(BY_DAY).decides_otherwise(held, NOW + timedelta(hours=1))
    assert reviewer(BY_DAY).decides_otherwise(held, NOW + timedelta(hours=2))


def test_what_is_delayed_is_decided_again_once_the_hour_is_over_in_which_it_is_permitted() -> None:
    hour = '@delay("2h") permit(principal, action == Action::"accept", resource) when { context.local.hour == 12 };'
    delayed = kept(connection_facts(), hour)
    assert delayed.decision_record is not None
    of_workflow = msgspec.structs.replace(delayed.decision_record, outcome="delay")
    delayed = msgspec.structs.replace(delayed, decision_record=of_workflow)

    assert not reviewer(hour).decides_otherwise(delayed, NOW + timedelta(minutes=59))
    assert reviewer(hour).decides_otherwise(delayed, NOW + timedelta(hours=1))


def test_what_is_held_for_another_reason_is_not_tried_each_time() -> None:
    held = kept(connection_facts(), REGISTERED)

    assert not reviewer(REGISTERED).decides_otherwise(held, NOW + timedelta(days=1))
    # The policies changed: that is noticed otherwise, and what was kept need not be all that they ask.
    assert not reviewer(ACCEPT).decides_otherwise(held, NOW + timedelta(days=1))


def test_where_what_is_kept_does_not_say_how_it_was_decided_time_changes_nothing() -> None:
    held = kept(connection_facts(), REGISTERED)

    assert not reviewer(BY_DAY, ACCEPT).decides_otherwise(held, NOW + timedelta(hours=3))


def test_the_time_that_is_left_to_the_deadline_is_time_too() -> None:
    in_time = (
        'permit(principal, action == Action::"askApprover", resource);'
        'permit(principal, action == Action::"accept", resource)'
        " when { context has secondsLeft && context.secondsLeft < 3600 };"
    )
    waiting = kept(share_facts(), in_time)

    assert not reviewer(in_time).decides_otherwise(waiting, NOW + timedelta(hours=10))
    assert reviewer(in_time).decides_otherwise(waiting, NOW + timedelta(hours=11, minutes=1))


ASK = 'permit(principal, action == Action::"askApprover", resource);'
FORBID = '@id("stop") forbid(principal, action, resource);'
ALICE = Reason("approved", "Approved by U0ALICE", source="U0ALICE")
BOB = Reason("denied", "Denied by U0BOB", source="U0BOB")
LET_IN = LetIn(at=NOW, because=(ALICE,))


@pytest.mark.parametrize("approval", [{"let_in": LET_IN}, {"decided_by": (ALICE,)}])
def test_what_a_person_approved_stays_permitted_as_long_as_policies_would_ask(approval: dict[str, Any]) -> None:
    approved = kept(connection_facts(), ASK, **approval)

    for policies, permitted in (((ASK,), True), ((ASK, ACCEPT), True), ((ASK, FORBID), False), ((REGISTERED,), False)):
        review = reviewer(*policies, registry=InMemoryConsumerRegistry()).review(approved, ())
        assert isinstance(review, Review)
        assert review.permitted is permitted


def test_what_a_policy_let_in_that_would_only_be_asked_about_by_now_is_reported() -> None:
    policy = LetIn(at=NOW, because=())

    review = reviewer(ASK).review(kept(connection_facts(), ACCEPT, let_in=policy), ())

    assert isinstance(review, Review)
    assert not review.permitted


def test_what_a_person_denied_and_was_kept_is_not_permitted_though_it_was_approved_before() -> None:
    review = reviewer(ASK).review(kept(connection_facts(), ASK, let_in=LET_IN, kept=(BOB,)), ())
    accepted = reviewer(ACCEPT).review(kept(connection_facts(), ASK, let_in=LET_IN, kept=(BOB,)), ())

    assert isinstance(review, Review)
    assert isinstance(accepted, Review)
    assert (review.permitted, review.reasons[0]) == (False, BOB)
    assert accepted.permitted


MANY = tuple(content(f"{RESOURCE_ARN}{number:03}") for number in range(MOST_CONTENTS + 1))
ALL_OF_IT = tuple(shared_resource(each.arn, each.type) for each in MANY)
BY_CONTENTS = f"{ACCEPT[:-1]} when {{ context has onlyLattice && context.onlyLattice }};"
FEWER = f"{ACCEPT[:-1]} when {{ context has resources && context.resources < 9 }};"
BY_TAGS = f'{ACCEPT[:-1]} when {{ principal.hasTag("team") }};'


def big(*texts: str, **facts: Any) -> LedgerRow:
    """Return the row of a share that holds too much to be kept."""
    large = kept(share_facts(contents=MANY, deadline=None, **facts), *texts)
    assert large.decision_record is not None
    assert large.decision_record.unkept == (Fact.CONTENTS,)
    return large


@pytest.mark.parametrize(("policy", "permitted"), [(BY_CONTENTS, True), (FEWER, False)])
def test_contents_that_were_too_many_to_be_kept_are_reviewed_as_they_are_now(policy: str, *, permitted: bool) -> None:
    review = reviewer(policy).review(big(BY_CONTENTS), ALL_OF_IT)

    assert isinstance(review, Review)
    assert review.permitted is permitted


def test_contents_that_are_neither_kept_nor_listed_leave_a_review_open_where_a_policy_goes_by_them() -> None:
    unlisted = (*ALL_OF_IT, shared_resource(RESOURCE_ARN, ""))

    by_contents = reviewer(BY_CONTENTS).review(big(BY_CONTENTS), unlisted)
    by_no_contents = reviewer(REGISTERED, registry=InMemoryConsumerRegistry()).review(big(BY_CONTENTS), unlisted)

    assert isinstance(by_contents, ReviewOpen)
    assert "contents" in by_contents.because
    assert isinstance(by_no_contents, Review)
    assert not by_no_contents.permitted


def test_tags_that_there_was_no_room_for_leave_a_review_open() -> None:
    long = {f"{number}": "\N{BRIDGE AT NIGHT}" * 200 for number in range(50)}
    place = OrganizationPlace(membership=Membership.MEMBER, state="ACTIVE", name="a", tags=long | {"team": "a"})
    who = msgspec.structs.replace(requester(), place=place)
    facts, policies = share_facts(who, deadline=None), compiled([BY_TAGS])
    cut = decision_record_within(
        decision_record_of(facts, decide(facts, policies, EVALUATION_TIME), policies, EVALUATION_TIME, {})
    )
    let_in = row(Status.AVAILABLE, decision_record=cut)

    review = reviewer(BY_TAGS).review(let_in, (shared_resource(),))

    assert isinstance(review, ReviewOpen)
    assert "accountTags" in review.because


# ---- lapses ----------------------------------------------------------------------------------------------------------

URGENT = '@id("now") @urgent("true") forbid(principal, action, resource);'
BY_POLICY = LetIn(at=NOW, because=(Reason("policy", "it was let in"),))
ADOPTED_ONCE = LetIn(at=NOW, because=(Reason(ADOPTED, "It was live before."),))
NEVER_GOOD = Broken("other", "unexpected token", None)
GOOD_BEFORE = Broken("other", "unexpected token", 3)
NO_ASSOCIATION = 'forbid(principal, action == Action::"associate", resource) when { resource.name == "orders-db" };'


def lapses(reviewer: PolicyReviewer, let_in: LedgerRow, contents: Collection[SharedResource] = ()) -> tuple[Lapse, ...]:
    review = reviewer.review(let_in, contents)
    assert isinstance(review, Review)
    return review.lapses


def words(found: tuple[Lapse, ...]) -> list[tuple[tuple[str, str], bool, bool]]:
    """Return of what each lapse is, and whether by a forbid and an urgent one."""
    return [(each.key, each.lapsed.forbidden, each.lapsed.urgent) for each in found]


def attached(*keys: tuple[str, str]) -> tuple[AttachmentSnapshot, ...]:
    return tuple(
        AttachmentSnapshot(
            name=f"{binding}/orders-db/vpc-1",
            resource_arn=arn,
            resource_kind=ResourceKind.RESOURCE_CONFIGURATION,
            holds_others=False,
            made=MadeAttachment(endpoint_id="vpce-1"),
            observed_fingerprint="as it was left",
        )
        for binding, arn in keys
    )


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        ((ACCEPT,), []),
        ((), [(("", ""), False, False)]),
        ((ASK,), [(("", ""), False, False)]),
        ((ACCEPT, FORBID), [(("", ""), True, False)]),
        ((ACCEPT, URGENT), [(("", ""), True, True)]),
    ],
)
def test_what_a_policy_let_in_lapses_if_no_policy_accepts_it_any_longer(
    texts: tuple[str, ...], expected: list[Any]
) -> None:
    assert words(lapses(reviewer(*texts), kept(connection_facts(), ACCEPT, let_in=BY_POLICY))) == expected


def test_what_a_person_approved_does_not_lapse_as_long_as_one_would_be_asked() -> None:
    approved = kept(connection_facts(), ASK, let_in=LET_IN)

    assert lapses(reviewer(ASK), approved) == ()
    assert words(lapses(reviewer(), approved)) == [(("", ""), False, False)]


def test_what_a_person_denied_since_is_not_permitted_and_does_not_lapse_as_long_as_it_was_approved() -> None:
    review = reviewer(ASK).review(kept(connection_facts(), ASK, let_in=LET_IN, kept=(BOB,)), ())

    assert isinstance(review, Review)
    assert (review.permitted, review.lapses) == (False, ())


@pytest.mark.parametrize(("decided_by", "lapsed"), [((ALICE,), False), ((), True)])
def test_of_a_row_of_an_earlier_version_its_decision_tells_who_approved(
    decided_by: tuple[Reason, ...], *, lapsed: bool
) -> None:
    facts, policies = connection_facts(), compiled([ACCEPT])
    accepted = decision_record_of(facts, decide(facts, policies, EVALUATION_TIME), policies, EVALUATION_TIME, {})
    earlier = row(Status.AVAILABLE, decision_record=accepted, decided_by=decided_by)

    assert bool(lapses(reviewer(ASK), earlier)) is lapsed


def test_of_a_row_of_an_earlier_version_only_the_association_lapses_if_the_share_was_approved() -> None:
    facts, policies = share_facts(), compiled([ACCEPT])
    accepted = decision_record_of(facts, decide(facts, policies, EVALUATION_TIME), policies, EVALUATION_TIME, {})
    association = AssociationDecisionRecord(at=NOW, zone="UTC", resources=(resource_facts(),))
    earlier = row(
        Status.AVAILABLE, decision_record=accepted, association_decision_record=association, decided_by=(ALICE,)
    )

    assert words(lapses(reviewer(ASK), earlier)) == [(("orders", RESOURCE_ARN), False, False)]


def test_what_was_live_before_it_was_decided_on_lapses_by_a_forbid_only() -> None:
    adopted = kept(connection_facts(), let_in=ADOPTED_ONCE)

    assert lapses(reviewer(), adopted) == ()
    assert words(lapses(reviewer(FORBID), adopted)) == [(("", ""), True, False)]


def test_what_was_recovered_counts_as_approved_if_policies_asked_and_else_lapses_by_a_forbid_only() -> None:
    recovered = LetIn(at=NOW, because=(Reason(RECOVERED, "Before this ledger."),))
    asked = kept(connection_facts(), let_in=recovered)
    refused = kept(connection_facts(), let_in=recovered, kept=(ALICE,))

    assert lapses(reviewer(ASK), asked) == ()
    assert words(lapses(reviewer(), asked)) == [(("", ""), False, False)]
    assert lapses(reviewer(), refused) == ()
    assert words(lapses(reviewer(FORBID), refused)) == [(("", ""), True, False)]


@pytest.mark.parametrize(("broken", "lapsed"), [(NEVER_GOOD, False), (GOOD_BEFORE, True)])
def test_where_a_policy_never_was_good_what_nobody_forbids_stays(broken: Broken, *, lapsed: bool) -> None:
    let_in = kept(share_facts(), ACCEPT, ASSOCIATE, resources=(resource_facts(),), let_in=BY_POLICY)

    assert bool(lapses(reviewer(broken=(broken,)), let_in)) is lapsed
    assert bool(lapses(reviewer(ACCEPT, broken=(broken,)), let_in)) is lapsed
    assert words(lapses(reviewer(FORBID, broken=(broken,)), let_in)) == [(("", ""), True, False)]
    assert words(lapses(reviewer(ACCEPT, ASSOCIATE, NO_ASSOCIATION, broken=(broken,)), let_in)) == [
        (("orders", RESOURCE_ARN), True, False)
    ]


def test_what_there_was_no_room_for_is_judged_by_what_there_is() -> None:
    large = big(BY_CONTENTS)
    review = reviewer(BY_CONTENTS, FORBID).review(large, ALL_OF_IT)

    assert isinstance(review, Review)
    assert words(review.lapses) == [(("", ""), True, False)]
    # It is judged by what the share holds now, as the review is.
    assert words(lapses(reviewer(FEWER), large, ALL_OF_IT)) == [(("", ""), False, False)]


def test_what_was_unknown_when_it_was_let_in_holds_nothing_up() -> None:
    who = requester(CONSUMER, Membership.UNKNOWN)
    ours = f"{ACCEPT[:-1]} when {{ principal.ownOrganization }};"

    facts = connection_facts(who)

    def lapses_if_unknown_then(unknown: tuple[Fact, ...] | None) -> list[tuple[tuple[str, str], bool, bool]]:
        let_in = msgspec.structs.replace(BY_POLICY, unknown=unknown)
        return words(lapses(reviewer(ours), kept(facts, ACCEPT, let_in=let_in)))

    assert lapses_if_unknown_then(tuple(facts.unknown)) == [(("", ""), False, False)]
    # It was known then, or that was not kept: it may be what let it in.
    assert lapses_if_unknown_then(()) == []
    assert lapses_if_unknown_then(None) == []


def test_an_association_lapses_by_itself_and_only_if_the_share_is_permitted() -> None:
    resources = (resource_facts(), resource_facts(name="secrets", arn=f"{RESOURCE_ARN}0", binding="other"))
    let_in = kept(share_facts(), ACCEPT, ASSOCIATE, resources=resources, let_in=BY_POLICY)
    urgent = f'@urgent("true") {NO_ASSOCIATION}'

    assert lapses(reviewer(ACCEPT, ASSOCIATE), let_in) == ()
    assert words(lapses(reviewer(ACCEPT, ASSOCIATE, NO_ASSOCIATION), let_in)) == [
        (("orders", RESOURCE_ARN), True, False)
    ]
    assert words(lapses(reviewer(ACCEPT, ASSOCIATE, urgent), let_in)) == [(("orders", RESOURCE_ARN), True, True)]
    assert words(lapses(reviewer(ACCEPT), let_in)) == [
        (("orders", RESOURCE_ARN), False, False),
        (("other", f"{RESOURCE_ARN}0"), False, False),
    ]
    assert words(lapses(reviewer(ASSOCIATE, NO_ASSOCIATION), let_in)) == [(("", ""), False, False)]


@pytest.mark.parametrize(
    ("attachments", "permitted"),
    [
        (None, False),
        ((), True),
        (attached(("orders", RESOURCE_ARN)), False),
        (attached(("orders", f"{RESOURCE_ARN}0"), ("other", RESOURCE_ARN)), True),
    ],
)
def test_only_what_is_attached_is_reviewed(
    attachments: tuple[AttachmentSnapshot, ...] | None, *, permitted: bool
) -> None:
    let_in = kept(share_facts(), ACCEPT, ASSOCIATE, resources=(resource_facts(),), attachments=attachments)

    review = reviewer(ACCEPT).review(let_in, ())

    assert isinstance(review, Review)
    assert (review.permitted, review.lapses == ()) == (permitted, permitted)


def test_an_association_is_reviewed_as_its_requester_is_registered_now() -> None:
    registered = f"{ASSOCIATE[:-1]} when {{ principal has consumer }};"
    who = requester(PROVIDER, services=frozenset({"*"}))
    let_in = kept(share_facts(who), ACCEPT, ASSOCIATE, resources=(resource_facts(who),), let_in=BY_POLICY)

    assert lapses(reviewer(ACCEPT, registered, registry=InMemoryConsumerRegistry(PROVIDER)), let_in) == ()
    assert words(lapses(reviewer(ACCEPT, registered, registry=InMemoryConsumerRegistry()), let_in)) == [
        (("orders", RESOURCE_ARN), False, False)
    ]


@pytest.mark.parametrize(
    ("texts", "written", "is_open"),
    [
        ((), ("policies/policy-0",), True),
        ((), ("policies/policy-1", "bindings/policy-0"), False),
        # It is listed, and says something else by now.
        ((FORBID,), ("policies/policy-0",), False),
    ],
)
def test_a_policy_that_let_it_in_and_is_only_not_listed_leaves_the_review_open(
    texts: tuple[str, ...], written: tuple[str, ...], *, is_open: bool
) -> None:
    let_in = kept(connection_facts(), ACCEPT, let_in=BY_POLICY)

    review = reviewer(*texts, written=written).review(let_in, ())

    assert isinstance(review, ReviewOpen) is is_open
    if isinstance(review, ReviewOpen):
        assert "policy-0" in review.because


def test_a_policy_that_is_listed_as_broken_is_not_missing() -> None:
    let_in = kept(connection_facts(), ACCEPT, let_in=BY_POLICY)
    broken = Broken("policy-0", "unexpected token", None)

    assert lapses(reviewer(broken=(broken,), written=("policies/policy-0",)), let_in) == ()


def test_a_policy_that_permitted_an_association_and_is_not_listed_leaves_the_review_open() -> None:
    facts = resource_facts()
    record = AssociationDecisionRecord(at=NOW, zone="UTC", resources=(facts,))
    attached = kept(
        share_facts(),
        ACCEPT,
        association_decision_record=record,
        let_in=BY_POLICY,
        attachments=None,
        permitted_by=frozenset({"policy-1"}),
    )

    found = reviewer(ACCEPT, written=("policies/policy-1",)).review(attached, ())

    assert found == ReviewOpen("Parameter Store did not list policy policy-1, which is there")


def test_a_policy_that_is_not_listed_matters_only_where_something_is_refused() -> None:
    let_in = kept(connection_facts(), ACCEPT, FORBID, let_in=BY_POLICY)

    assert lapses(reviewer(ACCEPT, written=("policies/policy-1",)), let_in) == ()


# ---- withdrawn, and let in again -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("texts", "lets_in"),
    [((ACCEPT,), True), ((ASK,), False), ((), False), ((ACCEPT, FORBID), False), ((REGISTERED,), True)],
)
def test_what_was_withdrawn_is_let_in_again_if_it_would_be_accepted(texts: tuple[str, ...], *, lets_in: bool) -> None:
    withdrawn = kept(connection_facts(), ACCEPT, let_in=None)

    assert reviewer(*texts).lets_in_now(withdrawn, ()) is lets_in


@pytest.mark.parametrize("live", [True, False], ids=["was live", "was asked for"])
@pytest.mark.parametrize(
    ("consumer", "lets_in"),
    [
        (Consumer(suspended_at=NOW), False),
        (Consumer(proof_required=True), False),
        (Consumer(proof_required=True, proved_at=NOW), True),
        (Consumer(), True),
    ],
)
def test_what_was_withdrawn_of_who_is_suspended_or_unproved_is_not_let_in_again(
    consumer: Consumer, *, lets_in: bool, live: bool
) -> None:
    withdrawn = kept(connection_facts(live=live), ACCEPT, let_in=None)
    registry = InMemoryConsumerRegistry()
    registry.registered[CONSUMER] = consumer

    assert reviewer(ACCEPT, registry=registry).lets_in_now(withdrawn, ()) is lets_in


@pytest.mark.parametrize("consumer", [Consumer(suspended_at=NOW), Consumer(proof_required=True)])
def test_what_is_connected_of_who_is_suspended_or_unproved_meanwhile_is_permitted_as_before(consumer: Consumer) -> None:
    let_in = kept(connection_facts(), ACCEPT, let_in=BY_POLICY)
    registry = InMemoryConsumerRegistry()
    registry.registered[CONSUMER] = consumer

    assert reviewer(ACCEPT, registry=registry).review(let_in, ()) == Review(permitted=True)


def test_what_a_person_approved_once_and_was_withdrawn_is_asked_about_again() -> None:
    approved = (Reason(APPROVED, "looks fine", source="U0ALICE"),)
    withdrawn = kept(connection_facts(), ASK, let_in=None, decided_by=approved)

    assert reviewer(ASK).lets_in_now(withdrawn, ())


def test_what_was_withdrawn_is_asked_about_as_it_is_registered_and_as_the_share_holds_now() -> None:
    withdrawn = kept(connection_facts(), ACCEPT)

    assert not reviewer(REGISTERED, registry=InMemoryConsumerRegistry()).lets_in_now(withdrawn, ())
    assert reviewer(BY_CONTENTS).lets_in_now(big(BY_CONTENTS), ALL_OF_IT)
    assert not reviewer(BY_CONTENTS).lets_in_now(big(BY_CONTENTS), ())


def test_of_what_no_facts_are_kept_nothing_is_let_in_again() -> None:
    assert not reviewer(ACCEPT).lets_in_now(row(Status.WITHDRAWN), ())
