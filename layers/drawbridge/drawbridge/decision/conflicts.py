"""Conflicts: what policies that are each valid must not do together."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from drawbridge.configuration import Conflict
from drawbridge.decision.cedar import Action, compile_together
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, Facts, Requester, Service, ShareFacts
from drawbridge.decision.policies import Policy, parse_policy
from drawbridge.request.shares import Content

EVERYTHING = (
    "lets every account in, with whatever it asks; say who, or what, or deploy the stack with "
    "AllowPermitEverything=true if that is meant"
)


def conflict_among(policies: Sequence[Policy], *, everything_may_be_permitted: bool = False) -> Conflict | None:
    """Return the first conflict: two policies use one id, or together they let everything of everybody in."""
    conflict = _same_id(policies)
    if conflict is None and not everything_may_be_permitted:
        conflict = _everything(policies)
    return conflict


def _same_id(policies: Sequence[Policy]) -> Conflict | None:
    first: dict[str, Policy] = {}
    for policy in policies:
        for statement in policy.statements:
            other = first.setdefault(statement.id, policy)
            if other is not policy:
                twice = "policy {}: the id {!r} is taken by a statement of policy {}; each needs one of its own"
                return Conflict(
                    {
                        one.name: twice.format(one.name, statement.id, two.name)
                        for one, two in ((policy, other), (other, policy))
                    }
                )
    return None


def _everything(policies: Sequence[Policy]) -> Conflict | None:
    responsible = _letting_everything_in(tuple((policy.name, policy.text) for policy in policies))
    return Conflict({name: f"policy {name}: {EVERYTHING}" for name in responsible}) if responsible else None


@lru_cache(maxsize=8)
def _letting_everything_in(texts: tuple[tuple[str, str], ...]) -> frozenset[str]:
    """Return the policies that accept what nobody can have meant to let in; empty unless all of it is accepted."""
    accepting = compile_together(parse_policy(name, text) for name, text in texts)
    responsible: set[str] = set()
    for facts in _PROBES:
        for now in _TIMES:
            answer = accepting.ask(Action.ACCEPT, facts, EvaluationTime(now))
            if not answer.permitted:
                return frozenset()
            responsible |= {name for each in answer.because if (name := accepting.policy_of(each.source)) is not None}
    return frozenset(responsible)


_TIMES = (datetime(2026, 11, 22, 3, tzinfo=UTC), datetime(2026, 11, 25, 11, tzinfo=UTC))
"""A Sunday night and a Wednesday noon: a policy may go by the hour."""

_STRANGERS = (Requester(account_id="000000000013"), Requester(account_id="999999999947"))
"""Two that nobody knows: in no organization of ours, in no registry."""


def _probes() -> tuple[Facts, ...]:
    connections: list[Facts] = [
        ConnectionFacts(
            requester=stranger,
            service=Service(id="vpce-svc-0000000000000dead", name="dead", acceptance_required=True),
            endpoint_id="vpce-0000000000000dead",
            endpoint_type="GatewayLoadBalancer",
            region="xx-nowhere-1",
            connections=1_000_000,
            connections_to_service=1_000_000,
        )
        for stranger in _STRANGERS
    ]
    shares: list[Facts] = [
        ShareFacts(
            requester=stranger,
            share_arn=f"arn:aws:ram:xx-nowhere-1:{stranger.account_id}:resource-share/dead",
            share_name="dead",
            contents=(Content(f"arn:aws:ec2:xx-nowhere-1:{stranger.account_id}:subnet/subnet-dead", "ec2:subnet"),),
            deadline=_TIMES[0] + timedelta(seconds=1),
        )
        for stranger in _STRANGERS
    ]
    return (*connections, *shares)


_PROBES = _probes()
