"""What a question is about, as its message shows it: one sentence, and who asks for what, the names before the ids.

Nothing of it makes a question another one: it says in other words what the facts are, of which the fingerprint is.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from drawbridge.approval import IF_DENIED, LIVE, NEW, Line
from drawbridge.decision.facts import (
    ConnectionFacts,
    Consumer,
    Facts,
    Membership,
    OrganizationPlace,
    Requester,
    Service,
    ShareFacts,
)
from drawbridge.legible import legible, name_and_id, quoted, word
from drawbridge.request import is_attachment, what_connects

_SENTENCE = 150
"""Characters of a sentence: what Slack takes for a header."""
_NAMES = (60, 40, 24, 12)
"""Characters of a name in a sentence: as many as leave room for the rest of it."""
_MOST_TAGS = 10
_LONGEST_TAG = 80
_LONGEST_NAME = 200
_NAME = "Name"
_RESERVED = "aws:"
_PAYERS = {
    "vpc-endpoint-account": "charged to its owner",
    "vpc-endpoint-service-account": "charged to this account, which owns the service",
}


def sentence_of(facts: Facts, live: Sequence[Line]) -> str:
    """Return what is asked in one sentence. What others named stands in quotes, so that it says nothing else."""
    sentences = (_sentence(facts, live, most) for most in _NAMES)
    return next((each for each in sentences if len(each) <= _SENTENCE), _sentence(facts, live, _NAMES[-1]))


def about_lines(facts: Facts, live: Sequence[Line]) -> Iterator[Line]:
    """Yield who asks for what; what can be long comes last, where it is cut first."""
    requester = facts.requester
    yield Line("Account", name_and_id(requester.place.name, requester.account_id))
    yield Line("Organization", legible(place_of(requester.place)))
    yield Line("Consumer", _consumer(requester.consumer, facts))
    if isinstance(facts, ConnectionFacts):
        yield Line("Service", _service(facts.service, _LONGEST_NAME))
        yield Line(label_of(facts.endpoint_id), legible(endpoint_of(facts)))
    else:
        yield Line("Share", name_and_id(facts.share_name, facts.share_arn))
        yield Line("Resources", legible(_counted(facts)))
    yield from (Line(LIVE, legible(line.text)) for line in live if line.label == LIVE)
    if isinstance(facts, ConnectionFacts):
        yield Line("Other connections", _other_connections(facts))
    if requester.place.membership is Membership.MEMBER or requester.place.tags:
        yield from _tags("Account tags", requester.place.tags)
    if isinstance(facts, ConnectionFacts):
        yield from _tags("Service tags", facts.service.tags)
    else:
        yield from _tags("Share tags", facts.share_tags)
    if requester.consumer is not None and requester.consumer.notes:
        yield Line("Notes", legible(requester.consumer.notes))


def denial_of(facts: Facts, live: Sequence[Line]) -> str:
    """Return what would happen on denial."""
    of_live = next((line.text for line in live if line.label == IF_DENIED), "")
    if of_live:
        return of_live
    if isinstance(facts, ConnectionFacts):
        what = what_connects(facts.endpoint_id)
        return f"The connection is rejected: to ask again, the other account makes a new {what}."
    if facts.deadline is None:
        return "Nothing of it is connected. The share itself stays in effect: nobody can leave it."
    return "The invitation is rejected: to ask again, the other account shares anew."


def place_of(place: OrganizationPlace) -> str:
    """Return where in our organization an account is."""
    match place.membership:
        case Membership.MEMBER:
            return " / ".join((place.organization_id, *(("in units unknown",) if place.units is None else place.units)))
        case Membership.OUTSIDER:
            return f"not in our organization{f' ({place.state})' if place.state else ''}"
        case Membership.UNKNOWN:
            return "unknown: Organizations can't be asked"
        case _:
            assert_never(place.membership)


def label_of(endpoint_id: str) -> str:
    """Return under which label it is shown what connects."""
    return "Attachment" if is_attachment(endpoint_id) else "Endpoint"


def endpoint_of(facts: ConnectionFacts) -> str:
    """Return which endpoint asks, of what type and where, and as far as AWS says it, who pays for it."""
    kind, region = facts.endpoint_type or "of unknown type", facts.region or "an unknown Region"
    parts = [facts.endpoint_id, kind, *([facts.ip_address_type] if facts.ip_address_type else []), f"in {region}"]
    if facts.region and facts.service.region not in {"", facts.region}:
        parts.append(f"to a service in {facts.service.region}")
    if facts.payer:
        parts.append(_PAYERS.get(facts.payer, f"charged to {facts.payer}"))
    return ", ".join(parts)


def _sentence(facts: Facts, live: Sequence[Line], most: int) -> str:
    account = f"account {_known(facts.requester, most)}"
    labels = {line.label for line in live}
    if isinstance(facts, ConnectionFacts):
        service = _service(facts.service, most)
        if facts.live:
            return f"Keep the connection of {account} to {service}?"
        what = "transit gateway" if is_attachment(facts.endpoint_id) else "endpoint"
        return f"Let {account} connect its {what} to {service}?"
    name = quoted(facts.share_name, most)
    if NEW in labels:
        added = f"added to what it shares as {name}" if facts.share_name else "added to a share without a name"
        return f"Let in what {account} {added}?"
    shares = f"shares as {name}" if facts.share_name else "shares without a name"
    if LIVE in labels:
        return f"Keep what {account} {shares}?"
    return f"{'Connect' if facts.deadline is None else 'Accept'} what {account} {shares}?"


def _known(requester: Requester, most: int) -> str:
    known, name = requester.consumer, requester.known_name
    tier = f"tier {word(known.tier, most)}" if known and known.tier else ""
    words = ", ".join(filter(None, (quoted(name, most) if name else "", tier)))
    return f"{requester.account_id} ({words})" if words else requester.account_id


def _service(service: Service, most: int) -> str:
    return f"{word(service.tagged_name, most)} ({service.id})" if service.tagged_name else service.id


def _consumer(known: Consumer | None, facts: Facts) -> str:
    if known is None:
        return "not registered"
    parts = [quoted(known.name, _LONGEST_NAME) if known.name else "registered"]
    parts.append(f"tier {word(known.tier, _LONGEST_TAG)}" if known.tier else "no tier")
    if isinstance(facts, ConnectionFacts):
        may = known.may_reach(facts.service.id, facts.service.tags)
        parts.append("registered for this service" if may else "not registered for this service")
    if known.unreadable:
        parts.append(f"unreadable: {legible(', '.join(known.unreadable), _LONGEST_TAG)}")
    return ", ".join(parts)


def _counted(facts: ShareFacts) -> str:
    if facts.contents is None:
        return "unknown: AWS does not show it"
    if not facts.contents:
        return "nothing yet"
    kinds = Counter(each.type or "of unknown type" for each in facts.contents)
    counted = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    return counted if len(kinds) == 1 else f"{len(facts.contents)} in all: {counted}"


def _other_connections(facts: ConnectionFacts) -> str:
    if not facts.connections:
        return "none"
    return f"{facts.connections}, {facts.connections_to_service} of them to this service"


def _tags(label: str, tags: dict[str, str] | None) -> Iterator[Line]:
    if tags is None:
        yield Line(label, "unknown: AWS does not show them")
        return
    shown = [(key, value) for key, value in sorted(tags.items()) if key != _NAME and not key.startswith(_RESERVED)]
    if not shown:
        return
    pairs = [f"{word(key, _LONGEST_TAG)}={word(value, _LONGEST_TAG)}" for key, value in shown[:_MOST_TAGS]]
    more = [f"and {len(shown) - _MOST_TAGS} more"] if len(shown) > _MOST_TAGS else []
    yield Line(label, ", ".join([*pairs, *more]))
