"""Making the question that a person is asked, and telling whether an answer is one to it."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import assert_never

import msgspec

from drawbridge.approval import Approval, Approved, Asked, Denied, Line, Options, Question, Reconsider, TimedOut
from drawbridge.association.binding import Binding, VpcTag
from drawbridge.decision import Accept, AskApprover, Decision, Hold, Reject
from drawbridge.decision.again import fingerprint
from drawbridge.decision.facts import ConnectionFacts, Facts, Membership, OrganizationPlace, ShareFacts
from drawbridge.publication.names import consumer_path
from drawbridge.request import WorkflowInput
from drawbridge.status import Reason

MARGIN = timedelta(minutes=10)
"""Left of an invitation's life for what follows an approval."""

_MOST_RESOURCES = 30
"""Of a share, told one by one; the fingerprint is of all."""


def question_of(
    request: WorkflowInput,
    facts: Facts,
    decision: AskApprover,
    effects: Sequence[str],
    *,
    options: Options,
    now: datetime,
    wait: timedelta,
) -> Question:
    """Make the question. It waits no longer than ``wait``, nor than an invitation lives."""
    lines = tuple(_lines(facts))
    end = now + wait
    if isinstance(facts, ShareFacts) and facts.deadline is not None:
        end = min(end, facts.deadline - MARGIN)
    return Question(
        request_id=request.request_id,
        account_id=facts.asker.account_id,
        title="Endpoint connection" if isinstance(facts, ConnectionFacts) else "Resource share",
        asked=Asked(
            asking=f"{request.attempt}-1",
            fingerprint=fingerprint(lines, _that_matter(facts), decision.because, effects, options),
            lines=lines,
            deadline=end,
        ),
        why=decision.because,
        effects=tuple(effects),
        options=options,
    )


def options_of(decision: AskApprover, words_of: Callable[[str], frozenset[str] | None]) -> Options:
    """Give how the policies that ask want it asked; where they differ, the stricter way.

    ``words_of`` gives the words of the ``@approval`` of a statement that permits, ``None`` for any other.
    """
    found = [words for reason in decision.because if (words := words_of(reason.source)) is not None]
    return Options(
        sensitive=any("sensitive" in words for words in found),
        two_person=any("two-person" in words for words in found),
        self_approval=bool(found) and all("self-approval" in words for words in found),
    )


def settled(
    decision: Decision, question: Question | None, approval: Approval | None, now: datetime
) -> tuple[Decision, Question | None]:
    """Give what is decided with the answer that there is, and the question that is still to be asked, if any.

    A policy that decides without asking wins over any approval; and an approval of another question than would be
    asked now is void.
    """
    if not isinstance(decision, AskApprover) or question is None:
        return decision, None
    match approval:
        case None:
            pass
        case Approved(asked=asked) | Denied(asked=asked) | TimedOut(asked=asked) | Reconsider(asked=asked):
            question = _asked_again(question, asked)
        case _:
            assert_never(approval)
    same = approval is not None and approval.asked.fingerprint == question.asked.fingerprint
    match approval:
        case Approved(by=by, reason=reason) if same:
            return Accept((_answer("approved", "Approved", by, reason), *decision.because)), None
        case Denied(by=by, reason=reason) if same:
            return Reject((_answer("denied", "Denied", by, reason), *decision.because)), None
        case TimedOut() if same:
            late = Reason("approval-timed-out", "Nobody answered in time; it is asked again later.")
            return Hold((late, *decision.because)), None
        case _:
            pass
    if question.asked.deadline <= now:
        too_late = Reason("deadline-passed", "Too little time is left to ask anybody; the provider has to share again.")
        return Hold((too_late, *decision.because)), None
    return decision, question


def effects_of(facts: Facts, bindings: Iterable[Binding], prefix: str) -> list[str]:
    """Say what would happen on approval, by the bindings in force."""
    if isinstance(facts, ConnectionFacts):
        path = consumer_path(prefix, facts.asker.account_id, facts.endpoint_id)
        return [f"The connection is accepted, and its name published at {path}/dns-name."]
    accepted = "The share is accepted, whole and for good: nobody can leave it."
    if facts.deadline is None:
        accepted = "The share is in effect already; what it holds may be associated."
    wanting = [each for each in bindings if each.match.could_match(facts.asker.account_id, facts.share_name)]
    if not wanting:
        return [accepted, "No binding wants anything of it: nothing is associated."]
    return [accepted, *(_effect(each, prefix) for each in wanting)]


def _effect(binding: Binding, prefix: str) -> str:
    vpc = binding.attach.vpc
    where = f"VPCs tagged {_tags(vpc)}" if isinstance(vpc, VpcTag) else str(vpc or binding.attach.service_network)
    return (
        f"Binding {binding.name}: resources that fit {binding.match.resource!r}, by {binding.attach.mode}, "
        f"in {where}; published below /{prefix}/connections/{binding.name}/."
    )


def _tags(tagged: VpcTag) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tagged.tag.items()))


def _asked_again(question: Question, before: Asked) -> Question:
    """Give the question with the number of its asking: one more, if it is another question than before."""
    if before.fingerprint == question.asked.fingerprint:
        # It was asked already, and waits no longer for being asked again.
        deadline = min(before.deadline, question.asked.deadline)
        asked = msgspec.structs.replace(question.asked, asking=before.asking, deadline=deadline)
        return msgspec.structs.replace(question, asked=asked)
    attempt, _, times = before.asking.partition("-")
    asked = msgspec.structs.replace(question.asked, asking=f"{attempt}-{int(times) + 1}")
    return msgspec.structs.replace(question, asked=asked, changed=tuple(_changes(before.lines, question.asked.lines)))


def _changes(before: tuple[Line, ...], now: tuple[Line, ...]) -> list[str]:
    gone = [line for line in before if line not in now]
    new = [line for line in now if line not in before]
    told = [f"no longer: {line.label}: {line.text}" for line in gone]
    told += [f"now: {line.label}: {line.text}" for line in new]
    return told or ["Not what is shown of it, but its details, or what the policies say of it."]


def _answer(code: str, word: str, by: tuple[str, ...], reason: str) -> Reason:
    who = " and ".join(by)
    return Reason(code, f"{word} by {who}{f': {reason}' if reason else ''}", source=who)


def _that_matter(facts: Facts) -> Facts:
    """Leave out what changes although the request does not: how many other connections the account has."""
    if isinstance(facts, ConnectionFacts):
        return msgspec.structs.replace(facts, connections=0, connections_to_service=0)
    return facts


def _lines(facts: Facts) -> Iterable[Line]:
    asker = facts.asker
    name = f" ({asker.place.name})" if asker.place.name else ""
    yield Line("Account", f"{asker.account_id}{name}")
    yield Line("Organization", _place(asker.place))
    if asker.consumer is None:
        yield Line("Consumer", "not registered")
    else:
        known = asker.consumer
        yield Line("Consumer", f"{known.name or 'registered'}, tier {known.tier or 'none'}")
    if isinstance(facts, ConnectionFacts):
        yield Line("Service", f"{facts.service.id} {_named(facts.service.tags)}".strip())
        yield Line("Endpoint", f"{facts.endpoint_id}, {facts.endpoint_type}, in {facts.region}")
        return
    yield Line("Share", f"{facts.share_name or '(no name)'}, {facts.share_arn}")
    if facts.contents is None:
        yield Line("Holds", "unknown: AWS does not show it")
        return
    for thing in facts.contents[:_MOST_RESOURCES]:
        yield Line("Holds", f"{thing.type}: {thing.arn}")
    more = len(facts.contents) - _MOST_RESOURCES
    if more > 0 or not facts.contents:
        yield Line("Holds", f"and {more} more" if more > 0 else "nothing yet")


def _place(place: OrganizationPlace) -> str:
    match place.membership:
        case Membership.MEMBER:
            return " / ".join((place.organization_id, *place.units))
        case Membership.OUTSIDER:
            return f"not in our organization{f' ({place.state})' if place.state else ''}"
        case Membership.UNKNOWN:
            return "unknown: Organizations can't be asked"
        case _:
            assert_never(place.membership)


def _named(tags: dict[str, str]) -> str:
    return f"({tags['Name']})" if "Name" in tags else ""
