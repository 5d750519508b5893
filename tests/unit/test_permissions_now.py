"""Whether policies permit what is connected, by facts that are gathered now."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from drawbridge.configuration import Broken, InForce
from drawbridge.decision import AlreadyResolved
from drawbridge.decision.decision_record import DecisionRecord
from drawbridge.decision.facts import EvaluationTime, Fact, Facts, Membership, Requester, ResourceFacts
from drawbridge.decision.let_in import APPROVED, LetIn
from drawbridge.decision.permission import Lapsed, Permission, PermissionUnknown, Permitted
from drawbridge.decision.policies import Policy
from drawbridge.request import ExecutionInput
from drawbridge.status import Reason, Status
from drawbridge.withdrawal.permissions import PermissionsNow
from tests.builders import (
    CONNECTION,
    CONSUMER,
    EVALUATION_TIME,
    NOW,
    PROVIDER,
    RESOURCE_ARN,
    SERVICE_ARN,
    SHARE,
    SHARE_ARN,
    connection_facts,
    execution_input,
    requester,
    resource_facts,
    row,
    share_facts,
)
from tests.fakes.ledger import InMemoryLedger
from tests.unit.policies import parsed

OF_CONNECTION = execution_input(CONNECTION, attempt=2)
OF_SHARE = execution_input(SHARE, attempt=2)
ACCEPT = 'permit(principal, action == Action::"accept", resource);'
ASK = 'permit(principal, action == Action::"askApprover", resource);'
ASSOCIATE = 'permit(principal, action == Action::"associate", resource);'
OURS = f"{ACCEPT[:-1]} when {{ principal.ownOrganization }};"
OURS_TO_ASSOCIATE = f"{ASSOCIATE[:-1]} when {{ principal.ownOrganization }};"
FORBID = "forbid(principal, action, resource);"
APPROVED_ONCE = LetIn(at=NOW, because=(Reason(APPROVED, "looks fine"),))
BY_POLICY = LetIn(at=NOW, because=())
UNKNOWN, MEMBER, OUTSIDER = Membership.UNKNOWN, Membership.MEMBER, Membership.OUTSIDER
NEVER_GOOD = Broken("other", "unexpected token", None)


def record_of(facts: Facts, *, outcome: str) -> DecisionRecord:
    return DecisionRecord(
        outcome=outcome,
        at=NOW,
        zone="UTC",
        policies="version",
        determined_by=(),
        facts=facts,
        fingerprint="these",
    )


class Gathered:
    """What AWS says now, and the policies in force."""

    def __init__(self) -> None:
        self.facts: Facts | AlreadyResolved = connection_facts(requester(CONSUMER, UNKNOWN))
        self.asked_of: list[ResourceFacts] = []
        self.texts: list[str] = []
        self.broken: tuple[Broken, ...] = ()
        self.ledger = InMemoryLedger()
        self.time = EVALUATION_TIME

    def gather(self, request: object, now: object) -> Facts | AlreadyResolved:
        return self.facts

    def requester(self, account_id: str) -> Requester:
        assert account_id == PROVIDER
        return requester(account_id, UNKNOWN)

    def asked(self, share_arn: str, who: Requester) -> list[ResourceFacts]:
        assert share_arn == SHARE_ARN
        return [msgspec.structs.replace(each, requester=who) for each in self.asked_of]

    def policies(self) -> InForce[Policy]:
        return InForce(tuple(parsed(self.texts)), (), self.broken)

    def evaluation_time(self) -> EvaluationTime:
        return self.time

    def recorded(self, execution: ExecutionInput, **changes: Any) -> None:
        self.ledger.kept[execution.request_id] = row(Status.AVAILABLE, request=execution.request, **changes)

    @property
    def permissions(self) -> PermissionsNow:
        played: Any = self
        return PermissionsNow(played, self.ledger, self.policies, lambda: played, self.evaluation_time)

    def of_request(self, *texts: str, execution: ExecutionInput = OF_CONNECTION) -> Permission | AlreadyResolved:
        self.texts = [*texts]
        return self.permissions.of_request(execution)

    def to_associate(self, *texts: str) -> dict[tuple[str, str], Permission]:
        self.texts = [*texts]
        return dict(self.permissions.to_associate(SHARE_ARN))


@pytest.fixture
def gathered() -> Gathered:
    return Gathered()


def test_a_request_that_is_over_is_told_as_such(gathered: Gathered) -> None:
    gathered.facts = AlreadyResolved(Status.REJECTED, (Reason("gone", "It is gone."),))

    assert gathered.of_request(FORBID) == gathered.facts


@pytest.mark.parametrize(("let_in", "kind"), [(APPROVED_ONCE, Permitted), (BY_POLICY, Lapsed), (None, Lapsed)])
def test_what_a_person_approved_is_permitted_as_long_as_one_would_be_asked(
    gathered: Gathered, let_in: LetIn | None, kind: type[Permission]
) -> None:
    gathered.recorded(OF_CONNECTION, let_in=let_in)

    assert isinstance(gathered.of_request(ASK), kind)


@pytest.mark.parametrize(
    ("unknown_then", "kind"),
    [
        # It was known, and is not any longer: it may be what let it in.
        ((), PermissionUnknown),
        # It was unknown then as it is now: it did not let it in.
        (tuple(connection_facts(requester(CONSUMER, UNKNOWN)).unknown), Lapsed),
        # An earlier version let it in, and kept nothing of that.
        (None, PermissionUnknown),
    ],
)
def test_what_is_unknown_counts_if_it_may_have_been_known_when_it_was_let_in(
    gathered: Gathered, unknown_then: tuple[Fact, ...] | None, kind: type[Permission]
) -> None:
    let_in = msgspec.structs.replace(BY_POLICY, unknown=unknown_then)
    gathered.recorded(OF_CONNECTION, let_in=let_in)

    assert isinstance(gathered.of_request(OURS), kind)


def test_what_is_kept_though_it_is_unknown_by_now_stays(gathered: Gathered) -> None:
    """A later decision to keep it replaces the record, and says nothing of what let it in."""
    let_in = msgspec.structs.replace(BY_POLICY, unknown=())
    kept = record_of(connection_facts(requester(CONSUMER, UNKNOWN)), outcome="keep")
    gathered.recorded(OF_CONNECTION, let_in=let_in, decision_record=kept)

    assert isinstance(gathered.of_request(OURS), PermissionUnknown)


def test_where_no_record_is_kept_whatever_is_unknown_may_have_let_it_in(gathered: Gathered) -> None:
    assert isinstance(gathered.of_request(OURS), PermissionUnknown)
    gathered.facts = connection_facts(requester(CONSUMER, OUTSIDER))
    assert isinstance(gathered.of_request(OURS), Lapsed)
    gathered.facts = connection_facts(requester(CONSUMER, MEMBER))
    assert gathered.of_request(OURS) == Permitted()


def test_of_a_share_that_has_grown_only_what_was_let_in_is_judged(gathered: Gathered) -> None:
    few = f"{ACCEPT[:-1]} when {{ context has resources && context.resources < 1 }};"
    gathered.facts = share_facts()
    gathered.recorded(OF_SHARE, let_in=BY_POLICY)

    assert isinstance(gathered.of_request(few, execution=OF_SHARE), Lapsed)


@pytest.mark.parametrize(("broken", "kind"), [(NEVER_GOOD, PermissionUnknown), (Broken("other", "", 2), Lapsed)])
def test_where_a_policy_may_be_missing_only_a_forbid_is_certain(
    gathered: Gathered, broken: Broken, kind: type[Permission]
) -> None:
    gathered.broken = (broken,)
    gathered.asked_of = [resource_facts()]

    assert isinstance(gathered.of_request(), kind)
    assert isinstance(gathered.of_request(FORBID), Lapsed)
    assert gathered.of_request(ACCEPT) == Permitted()
    key = ("orders", RESOURCE_ARN)
    assert isinstance(gathered.to_associate()[key], kind)
    assert isinstance(gathered.to_associate(FORBID)[key], Lapsed)
    assert gathered.to_associate(ASSOCIATE)[key] == Permitted()


def test_policies_are_asked_as_of_now(gathered: Gathered) -> None:
    at_noon = f"{ACCEPT[:-1]} when {{ context.local.hour == 12 }};"
    to_associate = f"{ASSOCIATE[:-1]} when {{ context.local.hour == 12 }};"
    gathered.asked_of = [resource_facts()]

    assert gathered.of_request(at_noon) == Permitted()
    assert [*gathered.to_associate(to_associate).values()] == [Permitted()]
    gathered.time = EvaluationTime(NOW.replace(hour=13))
    assert isinstance(gathered.of_request(at_noon), Lapsed)
    assert [type(each) for each in gathered.to_associate(to_associate).values()] == [Lapsed]


def test_each_binding_is_told_what_it_may_have_of_a_share(gathered: Gathered) -> None:
    gathered.asked_of = [resource_facts(), resource_facts(binding="other"), resource_facts(arn=SERVICE_ARN, name="api")]
    only_orders = f'{ASSOCIATE[:-1]} when {{ resource.name == "orders-db" }};'

    kinds = {key: type(each) for key, each in gathered.to_associate(only_orders).items()}

    assert kinds == {
        ("orders", RESOURCE_ARN): Permitted,
        ("other", RESOURCE_ARN): Permitted,
        ("orders", SERVICE_ARN): Lapsed,
    }


def test_of_an_association_whatever_is_unknown_may_have_permitted_it(gathered: Gathered) -> None:
    gathered.asked_of = [resource_facts()]

    (found,) = gathered.to_associate(OURS_TO_ASSOCIATE).values()

    assert isinstance(found, PermissionUnknown)
