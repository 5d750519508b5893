"""Explaining: the answer for each action, by which statements, and what to do about it."""

from msgspec import Struct

from drawbridge.decision import Because
from drawbridge.decision.cedar import Action, PolicySet
from drawbridge.decision.consumer_standing import shut_out
from drawbridge.decision.decide import IN_ORDER, unavailable
from drawbridge.decision.facts import ConnectionFacts, EvaluationTime, ResourceFacts, ShareFacts
from drawbridge.lattice import ResourceKind
from drawbridge_cli.cases import outcome_for
from drawbridge_cli.documents import AnyFacts
from drawbridge_cli.reason_codes import ADVICE
from drawbridge_cli.reason_screen import made_legible, reason_text


class ActionExplanation(Struct, frozen=True, kw_only=True):
    """The policies' answer for one action."""

    action: Action
    answer: str
    """``permitted``, ``forbidden``, ``in doubt`` (a forbid could not be evaluated) or ``not permitted``."""
    because: Because


class Explanation(Struct, frozen=True, kw_only=True):
    """The outcome of the policies for a request, and how it comes about."""

    outcome: str
    delay: str = ""
    """How long after it was first permitted it is let in; empty if at once, or not at all."""
    because: Because
    considered: tuple[ActionExplanation, ...]
    """The actions, in the order in which they are tried; the first that is permitted is the outcome."""
    unavailable: Because
    """Unknown facts that a statement refers to."""
    policies: str
    """The version of the policies: a fingerprint of their names and texts."""
    facts: AnyFacts


def explain(facts: AnyFacts, policies: PolicySet, evaluation_time: EvaluationTime) -> Explanation:
    """Explain the outcome of the policies for these facts at that time."""
    actions = (Action.ASSOCIATE,) if isinstance(facts, ResourceFacts) else tuple(IN_ORDER)
    outcome = outcome_for(facts, policies, evaluation_time)
    # A permit that could not be evaluated leaves nothing in doubt: it permits nothing.
    permits = {each.id for policy in policies.policies for each in policy.statements if each.effect == "permit"}
    considered: list[ActionExplanation] = []
    for action in actions:
        answer = policies.ask(action, facts, evaluation_time)
        if answer.permitted:
            word = "permitted"
        elif answer.because:
            word = "forbidden"
        else:
            word = "in doubt" if any(each.source not in permits for each in answer.errors) else "not permitted"
        considered.append(ActionExplanation(action=action, answer=word, because=(*answer.because, *answer.errors)))
    return Explanation(
        outcome=outcome.outcome,
        delay=outcome.delay,
        because=outcome.because,
        considered=tuple(considered),
        unavailable=unavailable(facts.unknown, policies),
        policies=policies.version,
        facts=facts,
    )


def permit_for(facts: AnyFacts) -> str:
    """Return the narrowest policy that would let exactly this in."""
    match facts:
        case ConnectionFacts():
            action, kind, name = Action.ACCEPT, "EndpointService", facts.service.id
        case ShareFacts():
            action, kind, name = Action.ACCEPT, "ResourceShare", facts.share_arn
        case ResourceFacts():
            action, kind, name = Action.ASSOCIATE, _TYPES[facts.resource_kind], facts.arn
    who = f'Account::"{facts.requester.account_id}"'
    return f'permit(principal == {who}, action == Action::"{action}", resource == {kind}::"{_escaped(name)}");'


_TYPES = {
    ResourceKind.RESOURCE_CONFIGURATION: "ResourceConfiguration",
    ResourceKind.SERVICE_NETWORK: "ServiceNetwork",
    ResourceKind.SERVICE: "Service",
}


def _escaped(text: str) -> str:
    """Return a text as it is written within quotes in Cedar, and shown on the screen."""
    return "".join(each if each.isprintable() and each not in '"\\' else f"\\u{{{ord(each):x}}}" for each in text)


def what_to_do(explanation: Explanation, *, is_held: bool = False) -> str:
    """Return a sentence about what to do next, where nothing was let in yet; empty if there is nothing to do."""
    return _of_shut_out(explanation.facts) or _by_policies(explanation, is_held=is_held)


def _of_shut_out(facts: AnyFacts) -> str:
    """Return what to do about who is suspended or unproved, whom no policy lets in; empty for anybody else."""
    if isinstance(facts, ResourceFacts) or (why := shut_out(facts)) is None:
        return ""
    advice = ADVICE[why.code]
    return f"No policy lets it in: {advice.to_do}.\n  {advice.command.of(account=facts.requester.account_id)}"


def _by_policies(explanation: Explanation, *, is_held: bool) -> str:
    match explanation.outcome:
        case "hold" | "refuse" | "askApprover" if explanation.considered[0].answer in {"forbidden", "in doubt"}:
            return f"A forbid can't be outvoted: {ADVICE['forbidden'].to_do}."
        case "hold" | "refuse" if explanation.unavailable:
            return f"Something is unknown: {ADVICE['facts-unavailable'].to_do}."
        case "hold" | "refuse":
            return f"To let in just this, write a policy:\n  {permit_for(explanation.facts)}"
        case "askApprover":
            return f"A person has to decide. To let it in unasked, write a policy:\n  {permit_for(explanation.facts)}"
        case _ if is_held:
            return "The policies let it go on by now: the next sweep starts another attempt."
        case _:
            return ""


def lines_of(because: Because) -> list[str]:
    """Return reasons as lines for people."""
    return [reason_text(made_legible(reason)) for reason in because]
