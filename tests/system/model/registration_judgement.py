"""What must be so of a provider's consumers at any time, and once all has come to rest: AWS is asked.

Nobody who is not registered and permitted is connected, or could find the service; everybody who is, is.
"""

from collections import defaultdict
from collections.abc import Iterator

from local_aws.testing.clock import clock
from local_aws.testing.record import RecordedCall, record
from tests.system.model.asks import GRACE, LATE, LISTED_BEFORE
from tests.system.model.lapses import HOUR, Standing
from tests.system.model.registrations import Endpoint, Entry, Registrations, allowed, sharing

_NEVER_DONE = ("Throttl", "RequestLimitExceeded", "kill-before", "timeout")
_AGAIN = 12 * HOUR
"""How long whoever rejected an invitation is not invited again."""

_SWEEP = 1200.0
"""How much later it may be invited again."""


class Watch:
    """What the functions of a provider let in and offer, as it happens."""

    def __init__(self, model: Registrations) -> None:
        self._model = model
        self._mark = record.mark()

    def wrong(self) -> Iterator[str]:
        """Yield what was let in or offered since the last time, and was not to be."""
        mark = record.mark()
        try:
            made = list(record.since(self._mark, account_id=self._model.home.account_id))
        except LookupError:
            made = [each for each in record.recent() if each.account_id == self._model.home.account_id]
        self._mark = mark
        for each in made:
            if each.function is None or any(word in (each.error or "") for word in _NEVER_DONE):
                continue
            match each.operation:
                case "ec2:AcceptVpcEndpointConnections":
                    yield from self._accepted(each)
                case "ec2:ModifyVpcEndpointServicePermissions":
                    for principal in each.params.get("AddAllowedPrincipals", ()):
                        yield from self._offered(each.params["ServiceId"], principal, each.time)
                case "ram:AssociateResourceShare":
                    for principal in each.params.get("principals", ()):
                        yield from self._offered(each.params["resourceShareArn"], principal, each.time)

    def _accepted(self, made: RecordedCall) -> Iterator[str]:
        endpoints = {each.endpoint_id: each for each in self._model.endpoints}
        for endpoint_id in made.params.get("VpcEndpointIds", ()):
            endpoint = endpoints[endpoint_id]
            if not endpoint.let_in.within(made.time - GRACE - LATE, made.time):
                yield f"{endpoint_id} was accepted at {made.time}, and was to be let in in {endpoint.let_in.spans} only"
            if not endpoint.not_shut_out.within(made.time - LISTED_BEFORE, made.time):
                yield f"{endpoint_id} was accepted at {made.time}, of who is suspended or unproved"

    def _offered(self, target: str, principal: str, at: float) -> Iterator[str]:
        spans = self._model.offered.get((target, principal))
        if spans is None or not spans.within(at - GRACE - LATE, at):
            yield f"{target} was offered to {principal} at {at}, and was to be in {spans and spans.spans} only"


def judge(model: Registrations) -> list[str]:
    """Return all that is wrong at rest; empty if nothing is. What is so is noted for the next time."""
    return [*_judge_services(model), *_judge_shares(model), *_judge_endpoints(model)]


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


def _judge_shares(model: Registrations) -> Iterator[str]:
    now = clock.time()
    sharings = {tier: sharing(model.home, arn) for tier, arn in model.shares.items()}
    for tier, arn in model.shares.items():
        found = sharings[tier]
        for person in model.consumers:
            account_id = person.account_id
            entry = model.entries.get(account_id)
            refusal = model.refusals.get((arn, account_id))
            refused = refusal is not None and now < refusal.invited_at + _AGAIN + _SWEEP
            is_in, desired = account_id in found, model.in_share(account_id, entry, tier)
            keeps = entry is not None and entry.is_shut_out and entry.tier == tier
            # Until the invitation to the share of its next tier is answered, it stays in the last.
            awaits = entry is not None and entry.tier != tier and _is_invited(sharings, account_id, entry)
            if is_in and not desired and not keeps and not awaits:
                yield f"{account_id} is in the share for {tier}, and nothing calls for it"
            if not is_in and desired and not refused:
                yield f"{account_id} is not in the share for {tier}, which is called for"
            if not is_in and keeps and account_id in model.steady[tier]:
                yield f"{account_id} was taken out of the share for {tier}, though it is only suspended or unproved"
            if is_in and refusal is not None and refusal.desired_since and now < refusal.invited_at + _AGAIN - _SWEEP:
                yield f"{account_id} rejected the share for {tier}, and was invited again at once"
        strangers = found.keys() - {each.account_id for each in model.consumers}
        if strangers:
            yield f"{sorted(strangers)} are in the share for {tier}"
        model.steady[tier] = {each for each, status in found.items() if status == "ASSOCIATED"}


def _is_invited(sharings: dict[str, dict[str, str]], account_id: str, entry: Entry) -> bool:
    return sharings.get(entry.tier, {}).get(account_id) == "ASSOCIATING"


def _judge_endpoints(model: Registrations) -> Iterator[str]:
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
        if state not in allowed_states:
            yield (
                f"{endpoint.endpoint_id} of {endpoint.consumer.account_id} is {state}, and not "
                f"{' or '.join(sorted(allowed_states))}: {endpoint.lapse}, was live: {endpoint.was_live}"
            )
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
