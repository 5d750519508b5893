"""What must be so of a provider's consumers at any time, and once all has come to rest: AWS is asked.

Nobody who is not registered and permitted is connected, or could find the service; everybody who is, is.
"""

from collections import defaultdict
from collections.abc import Iterator

from local_aws.testing.clock import clock
from local_aws.testing.record import RecordedCall, record
from tests.system.model.asks import GRACE, LATE, LISTED_BEFORE
from tests.system.model.lapses import HOUR, Standing
from tests.system.model.memberships import Place
from tests.system.model.registrations import (
    TIERS,
    Association,
    Endpoint,
    Registrations,
    allowed,
    associated,
    sharing,
)

_NEVER_DONE = ("Throttl", "RequestLimitExceeded", "kill-before", "timeout")
_AGAIN = 12 * HOUR
"""How long whoever rejected an invitation is not invited again."""

_SWEEP = 1200.0
"""How much later it may be invited again."""

_ROUNDED = 2.0
"""Times are kept in whole seconds."""


class Watch:
    """What the functions of a provider let in, offer and take away, as it happens.

    ``cap`` is how many accounts may leave shares in one sweep whom nobody had removed.
    """

    def __init__(self, model: Registrations, *, cap: int) -> None:
        self._model = model
        self._cap = cap
        self._mark = record.mark()
        self._leaving: dict[str, set[str]] = defaultdict(set)
        """By the invocation of a function: whom it took out of shares, and nobody had removed."""
        self._added: set[tuple[str | None, str, str]] = set()
        """Whom an invocation put into which share: it takes back what is called for no longer when it has."""

    def wrong(self) -> Iterator[str]:
        """Yield what was let in or offered since the last time, and was not to be."""
        mark = record.mark()
        try:
            made = list(record.since(self._mark, account_id=self._model.home.account_id))
        except LookupError:
            made = [each for each in record.recent() if each.account_id == self._model.home.account_id]
        self._mark = mark
        joined = {tier: set(self._model.joined[tier]) for tier in TIERS}
        self._model.look_who_joined()
        for tier in TIERS:
            joined[tier] |= self._model.joined[tier]
        for each in made:
            if each.function is not None and not any(word in (each.error or "") for word in _NEVER_DONE):
                yield from self._wrong(each, joined)

    def _wrong(self, made: RecordedCall, joined: dict[str, set[str]]) -> Iterator[str]:
        """Yield what is wrong about a call; ``joined`` are those who may be in the share for a tier."""
        params = made.params
        match made.operation:
            case "ec2:AcceptVpcEndpointConnections":
                yield from self._accepted(made)
            case "ec2:ModifyVpcEndpointServicePermissions":
                for principal in params.get("AddAllowedPrincipals", ()):
                    yield from self._offered(params["ServiceId"], principal, made.time)
            case "ram:AssociateResourceShare":
                for principal in params.get("principals", ()):
                    yield from self._offered(params["resourceShareArn"], principal, made.time)
                    self._note_invited(made, principal)
            case "ram:DisassociateResourceShare":
                for principal in params.get("principals", ()):
                    yield from self._taken_out(made, principal, joined)
            case "vpc-lattice:DeleteResourceEndpointAssociation":
                yield from self._disassociated(made)

    def _accepted(self, made: RecordedCall) -> Iterator[str]:
        endpoints = {each.endpoint_id: each for each in self._model.endpoints}
        for endpoint_id in made.params.get("VpcEndpointIds", ()):
            endpoint = endpoints[endpoint_id]
            if not endpoint.let_in.within(made.time - GRACE - LATE, made.time):
                yield f"{endpoint_id} was accepted at {made.time}, and was to be let in in {endpoint.let_in.spans} only"
            if not endpoint.not_shut_out.within(made.time - LISTED_BEFORE, made.time):
                yield f"{endpoint_id} was accepted at {made.time}, of who is suspended or unproved"
            since, of = made.time - GRACE - LATE, self._model.delays.items()
            delay = min(seconds for seconds, spans in of if spans.within(since, made.time))
            if made.time - delay < endpoint.waits_since - _ROUNDED:
                waits_since = endpoint.waits_since
                yield f"{endpoint_id} was accepted at {made.time}, and is to wait for {delay} s since {waits_since}"

    def _offered(self, target: str, principal: str, at: float) -> Iterator[str]:
        spans = self._model.offered.get((target, principal))
        if spans is None or not spans.within(at - GRACE - LATE, at):
            yield f"{target} was offered to {principal} at {at}, and was to be in {spans and spans.spans} only"

    def _note_invited(self, made: RecordedCall, account_id: str) -> None:
        arn = made.params["resourceShareArn"]
        self._added.add((made.invocation, arn, account_id))
        self._model.memberships[self._tier(arn), account_id].invited_at = made.time

    def _taken_out(self, made: RecordedCall, account_id: str, joined: dict[str, set[str]]) -> Iterator[str]:
        arn = made.params["resourceShareArn"]
        if (made.invocation, arn, account_id) in self._added:
            return
        tier = self._tier(arn)
        membership = self._model.memberships[tier, account_id]
        others = [each for each in TIERS if each != tier]
        if not membership.may_leave(
            made.time,
            is_placed=any(account_id in joined[each] for each in others),
            has_rejected=any(self._has_rejected(each, account_id, made.time) for each in others),
        ):
            yield f"{account_id} was taken out of the share for {tier} at {made.time}, and was to stay: {membership}"
        is_let_go = (tier, account_id) in self._model.let_go
        if membership.not_commanded.throughout(made.time - GRACE - LATE, made.time) and not is_let_go:
            leaving = self._leaving[made.invocation or ""]
            leaving.add(account_id)
            if len(leaving) > self._cap:
                yield f"{sorted(leaving)}, whom nobody had removed, left their shares in one sweep at {made.time}"

    def _has_rejected(self, tier: str, account_id: str, at: float) -> bool:
        refusal = self._model.refusals.get((self._model.shares[tier], account_id))
        has_rejected = refusal is not None and at < refusal.invited_at + _AGAIN + _SWEEP
        return has_rejected or self._model.memberships[tier, account_id].has_let_expire(at)

    def _disassociated(self, made: RecordedCall) -> Iterator[str]:
        association_id = made.params["resourceEndpointAssociationIdentifier"]
        of = next(each for each in self._model.associations if each.association_id == association_id)
        membership = self._model.memberships[of.tier, of.account_id]
        if not membership.may_lose(made.time):
            yield f"{association_id} of {of.account_id} was deleted at {made.time}, and was to stay: {membership}"

    def _tier(self, arn: str) -> str:
        return next(tier for tier, each in self._model.shares.items() if each == arn)


def judge(model: Registrations, *, cap: int) -> list[str]:
    """Return all that is wrong at rest; empty if nothing is. What is so is noted for the next time.

    If more would go at once than ``cap``, and nobody has removed them, they may stay.
    """
    return [
        *_judge_services(model),
        *_judge_shares(model, cap),
        *_judge_associations(model),
        *_judge_endpoints(model, cap),
    ]


def held_back(model: Registrations) -> set[tuple[str, str]]:
    """Return who is in a share, by tier and account, and is called for by nothing."""
    sharings = {tier: sharing(model.home, arn) for tier, arn in model.shares.items()}
    return {
        (tier, person.account_id)
        for tier in TIERS
        for person in model.consumers
        if person.account_id in sharings[tier] and not _may_be_in(model, person.account_id, tier, sharings)
    }


def _judge_services(model: Registrations) -> Iterator[str]:
    for service in model.services:
        called_for: set[str] = set()
        for person in model.consumers:
            called_for |= model.principals(person.account_id, model.entries.get(person.account_id), service)
        expected, found = service.own | called_for, allowed(model.home, service)
        if not service.managed:
            expected = service.own
        if found != expected:
            yield (
                f"{service.service_id} allows {sorted(found - expected)}, which nothing calls for, and not "
                f"{sorted(expected - found)}, which is called for"
            )


def _judge_shares(model: Registrations, cap: int) -> Iterator[str]:
    now = clock.time()
    sharings = {tier: sharing(model.home, arn) for tier, arn in model.shares.items()}
    too_many = _too_many(model, sharings, cap)
    for tier, arn in model.shares.items():
        found = sharings[tier]
        for person in model.consumers:
            account_id = person.account_id
            entry = model.entries.get(account_id)
            place, membership = model.place(account_id, entry, tier), model.memberships[tier, account_id]
            refusal = model.refusals.get((arn, account_id))
            refused = refusal is not None and now < refusal.invited_at + _AGAIN + _SWEEP
            is_in, desired = account_id in found, place is Place.CALLED
            keeps = entry is not None and entry.is_shut_out and entry.tier == tier
            if is_in and not _may_be_in(model, account_id, tier, sharings) and (tier, account_id) not in too_many:
                yield f"{account_id} is in the share for {tier}, and is {place.name}: {membership}"
            if not is_in and desired and not refused:
                yield f"{account_id} is not in the share for {tier}, which is called for"
            if not is_in and keeps and account_id in model.steady[tier]:
                yield f"{account_id} was taken out of the share for {tier}, though it is only suspended or unproved"
            if is_in and refusal is not None and refusal.desired_since and now < refusal.invited_at + _AGAIN - _SWEEP:
                yield f"{account_id} rejected the share for {tier}, and was invited again at once"
        strangers = found.keys() - {each.account_id for each in model.consumers}
        if strangers:
            yield f"{sorted(strangers)} are in the share for {tier}"
        model.let_go = {each for each in model.let_go if each in _in_shares(sharings)}
        model.steady[tier] = {each for each, status in found.items() if status == "ASSOCIATED"}


def _may_be_in(model: Registrations, account_id: str, tier: str, sharings: dict[str, dict[str, str]]) -> bool:
    entry = model.entries.get(account_id)
    is_awaited = entry is not None and sharings.get(entry.tier, {}).get(account_id) == "ASSOCIATING"
    place, membership = model.place(account_id, entry, tier), model.memberships[tier, account_id]
    return membership.stays_in(place, clock.time(), is_awaited=is_awaited)


def _in_shares(sharings: dict[str, dict[str, str]]) -> set[tuple[str, str]]:
    return {(tier, account_id) for tier, found in sharings.items() for account_id in found}


def _too_many(model: Registrations, sharings: dict[str, dict[str, str]], cap: int) -> set[tuple[str, str]]:
    """Return who may stay in a share, by tier and account: more than the cap would go, and nobody removed them."""
    going = {
        (tier, account_id)
        for tier in TIERS
        for account_id in sharings[tier]
        if model.memberships[tier, account_id].counts_for_cap(
            model.place(account_id, entry := model.entries.get(account_id), tier),
            is_placed=entry is not None and sharings.get(entry.tier, {}).get(account_id) == "ASSOCIATED",
        )
        and not _may_be_in(model, account_id, tier, sharings)
        and (tier, account_id) not in model.let_go
    }
    return going if len({account_id for _, account_id in going}) > cap else set()


def _judge_associations(model: Registrations) -> Iterator[str]:
    now = clock.time()
    there = {tier: associated(model.home, arn) for tier, arn in model.resources.items()}
    sharings = {tier: sharing(model.home, arn) for tier, arn in model.shares.items()}
    for each in list(model.associations):
        membership = model.memberships[each.tier, each.account_id]
        standing = membership.standing(_place(model, each), now)
        may_have_been_cut = standing is not Standing.STAYS or any(at >= each.made_at for at in membership.cuts)
        is_there = each.endpoint_id in there[each.tier]
        if not is_there and not may_have_been_cut:
            yield f"{each} is not there any longer: {membership}"
        if is_there and standing is Standing.GOES and each.account_id not in sharings[each.tier]:
            yield f"{each} is there still: {membership}"
        if not is_there:
            model.associations.remove(each)
    for (tier, account_id), membership in model.memberships.items():
        place = model.place(account_id, model.entries.get(account_id), tier)
        membership.note_rest(place, now, is_in=account_id in sharings[tier])


def _place(model: Registrations, association: Association) -> Place:
    account_id = association.account_id
    return model.place(account_id, model.entries.get(account_id), association.tier)


def _judge_endpoints(model: Registrations, cap: int) -> Iterator[str]:
    now = clock.time()
    states: dict[str, dict[str, str]] = defaultdict(dict)
    for person in [*model.consumers, model.stranger]:
        pages = person.client("ec2").get_paginator("describe_vpc_endpoints").paginate()
        states[person.account_id] = {
            each["VpcEndpointId"]: each["State"] for page in pages for each in page["VpcEndpoints"]
        }
    for endpoint in model.endpoints:
        if endpoint.given_up:
            continue
        state = states[endpoint.consumer.account_id][endpoint.endpoint_id]
        allowed_states = _allowed_states(model, endpoint, now)
        if endpoint.was_live and len(model.endpoints) > cap:
            # What is gone counts too.
            allowed_states |= {"available"}
        if state not in allowed_states:
            yield (
                f"{endpoint.endpoint_id} of {endpoint.consumer.account_id} is {state}, and not "
                f"{' or '.join(sorted(allowed_states))}: {endpoint.lapse}, was live: {endpoint.was_live}"
            )
        if not model.lets_in(
            model.entries.get(endpoint.consumer.account_id), endpoint.consumer.account_id, endpoint.service
        ):
            endpoint.waits_since = now
        endpoint.state = state
        endpoint.was_live = state == "available"
        if endpoint.lapse is not None:
            if endpoint.lapse.is_interrupted:
                endpoint.lapse = None
            else:
                endpoint.lapse.announced_by = min(endpoint.lapse.announced_by, now)


def _allowed_states(model: Registrations, endpoint: Endpoint, now: float) -> set[str]:
    account_id = endpoint.consumer.account_id
    entry = model.entries.get(account_id)
    was_let_in = bool(endpoint.let_in.spans)
    standing = endpoint.lapse.standing(now) if endpoint.lapse else Standing.STAYS
    endpoint.may_have_been_cut |= was_let_in and standing is not Standing.STAYS
    may_be_cut = was_let_in and (endpoint.may_have_been_cut or endpoint.commanded)
    cut = {"rejected"} if may_be_cut else set()
    if model.lets_in(entry, account_id, endpoint.service):
        return {"available"} | cut
    waiting = set() if endpoint.was_live else {"pendingAcceptance"}
    live = {"available"} if was_let_in and standing is not Standing.GOES else set()
    if endpoint.out:
        # What was connected goes at once; what nobody let in waits on.
        live = set()
    return waiting | live | cut
