"""Making the question that a person is asked."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from drawbridge.approval import HOLDS, AskedQuestion, Line, Options, Question
from drawbridge.approval.about import about_lines, denial_of, endpoint_of, label_of, place_of, sentence_of
from drawbridge.association.binding import Binding, VpcTag
from drawbridge.decision import AskApprover
from drawbridge.decision.decide_again import sha256_fingerprint
from drawbridge.decision.facts import ConnectionFacts, Facts, ShareFacts
from drawbridge.decision.in_force import POLICY_BROKEN
from drawbridge.lattice import PrivateDns
from drawbridge.publication.names import consumer_path
from drawbridge.request import ExecutionInput
from drawbridge.request.connections import NAMELESS_TYPES
from drawbridge.status import Reason

MARGIN = timedelta(minutes=10)
"""Time left before an invitation expires, for what follows an approval."""

_MOST_RESOURCES = 30
"""Of a share: how many are listed one by one; the fingerprint is of all."""

_SHORTEST = timedelta(minutes=1)


class Wait(Struct, frozen=True):
    """How long an answer is waited for, in whole seconds."""

    reminder: int
    """Until approvers are reminded."""
    end: int
    """From the reminder until the question is closed."""


def question_of(
    execution: ExecutionInput,
    facts: Facts,
    decision: AskApprover,
    effects: Sequence[str],
    *,
    options: Options,
    now: datetime,
    wait: timedelta,
    live: Sequence[Line] = (),
) -> Question:
    """Make the question. It waits no longer than ``wait``, nor than an invitation lives.

    ``live`` are the lines about what is live already.
    """
    # First: of many lines, the last are cut.
    lines = (*live, *_lines(facts))
    end = now + wait
    if isinstance(facts, ShareFacts) and facts.deadline is not None:
        end = min(end, facts.deadline - MARGIN)
    return Question(
        request_id=execution.request_id,
        account_id=facts.requester.account_id,
        title="Endpoint connection" if isinstance(facts, ConnectionFacts) else "Resource share",
        asked=AskedQuestion(
            asking=f"{execution.attempt}-1",
            fingerprint=sha256_fingerprint(
                lines, _without_counts(facts), _without_words_on_broken(decision.because), effects, options
            ),
            lines=lines,
            deadline=end,
            besides=tuple(_besides(decision.because, effects, options)),
        ),
        why=decision.because,
        effects=tuple(effects),
        options=options,
        sentence=sentence_of(facts, live),
        about=tuple(about_lines(facts, live)),
        on_denial=denial_of(facts, live),
    )


def _besides(why: Iterable[Reason], effects: Iterable[str], options: Options) -> Iterator[Line]:
    """Yield what is shown besides the facts."""
    yield from (Line("Asked because", f"{each.source}: {each.text}" if each.source else each.text) for each in why)
    yield from (Line("On approval", each) for each in effects)
    if options.sensitive:
        yield Line("How", "whoever approves has to confirm it")
    if options.two_person:
        yield Line("How", "two people have to approve")
    if options.self_approval:
        yield Line("How", "whoever speaks for the requester may approve too")


def options_of(approvals: Collection[frozenset[str]]) -> Options:
    """Return how policies want it asked, by the words of each ``@approval``; where they differ, the stricter option."""
    return Options(
        sensitive=any("sensitive" in words for words in approvals),
        two_person=any("two-person" in words for words in approvals),
        self_approval=bool(approvals) and all("self-approval" in words for words in approvals),
    )


def wait_for(question: Question, now: datetime) -> Wait:
    """Return how long to wait for an answer."""
    whole = question.asked.deadline - now
    half = max(_SHORTEST, whole / 2)
    return Wait(int(half.total_seconds()), int(max(_SHORTEST, whole - half).total_seconds()))


def effects_of(facts: Facts, bindings: Iterable[Binding], prefix: str) -> list[str]:
    """Return what would happen on approval, by the bindings in force."""
    if isinstance(facts, ConnectionFacts):
        path = consumer_path(prefix, facts.requester.account_id, facts.endpoint_id)
        accepted = "stays open" if facts.live else "is accepted"
        if facts.endpoint_type in NAMELESS_TYPES:
            return [
                f"The connection {accepted}, and what is known of it published at {path}/connection: it has no name."
            ]
        return [f"The connection {accepted}, and its name published at {path}/dns-name."]
    accepted = "The share is accepted, whole and for good: nobody can leave it."
    if facts.deadline is None:
        accepted = "The share is in effect already; what it holds may be associated."
    matching = [each for each in bindings if each.match.could_match(facts.requester.account_id, facts.share_name)]
    if not matching:
        return [accepted, "No binding wants anything of it: nothing is associated."]
    return [accepted, *(_effect(each, prefix) for each in matching)]


def _effect(binding: Binding, prefix: str) -> str:
    vpc, network = binding.attach.vpc, binding.attach.network
    where = f"in VPCs tagged {_tags(vpc)}" if isinstance(vpc, VpcTag) else f"in {vpc}" if vpc else ""
    by = f"service network {network.label}" if network else ""
    private = (
        f"private DNS {binding.attach.private_dns_preference}"
        if binding.attach.private_dns_preference is not PrivateDns.OFF
        else ""
    )
    attached = ", ".join(filter(None, (f"by {binding.attach.mode}", by, where, private)))
    return (
        f"Binding {binding.name}: resources that fit {binding.match.resource!r}, {attached}; "
        f"published below /{prefix}/connections/{binding.name}/."
    )


def _tags(tagged: VpcTag) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(tagged.tag.items()))


def _without_counts(facts: Facts) -> Facts:
    """Return the facts without what changes although the request does not: the numbers of other connections."""
    if isinstance(facts, ConnectionFacts):
        return msgspec.structs.replace(facts, connections=0, connections_to_service=0)
    return facts


def _without_words_on_broken(why: Iterable[Reason]) -> list[Reason]:
    """Return the reasons, those for broken policies by name alone: what is wrong with one decides nothing."""
    return [msgspec.structs.replace(each, text="") if each.code == POLICY_BROKEN else each for each in why]


def _lines(facts: Facts) -> Iterable[Line]:
    requester = facts.requester
    name = f" ({requester.place.name})" if requester.place.name else ""
    yield Line("Account", f"{requester.account_id}{name}")
    yield Line("Organization", place_of(requester.place))
    if requester.consumer is None:
        yield Line("Consumer", "not registered")
    else:
        known = requester.consumer
        yield Line("Consumer", f"{known.name or 'registered'}, tier {known.tier or 'none'}")
    if isinstance(facts, ConnectionFacts):
        yield Line("Service", f"{facts.service.id} {_named(facts.service.tags or {})}".strip())
        yield Line(label_of(facts.endpoint_id), endpoint_of(facts))
        return
    yield Line("Share", f"{facts.share_name or '(no name)'}, {facts.share_arn}")
    if facts.contents is None:
        yield Line(HOLDS, "unknown: AWS does not show it")
        return
    for thing in facts.contents[:_MOST_RESOURCES]:
        yield Line(HOLDS, f"{thing.type}: {thing.arn}")
    more = len(facts.contents) - _MOST_RESOURCES
    if more > 0 or not facts.contents:
        yield Line(HOLDS, f"and {more} more" if more > 0 else "nothing yet")


def _named(tags: dict[str, str]) -> str:
    return f"({tags['Name']})" if "Name" in tags else ""
