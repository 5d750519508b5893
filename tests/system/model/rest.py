"""All at rest: what AWS shows then, and what is known from then on of changes that came while it worked."""

from dataclasses import dataclass
from typing import Any

from local_aws.testing.clock import clock
from tests.system.model.asks import Ask
from tests.system.model.calls import wanted
from tests.system.model.homes import Home, Place
from tests.system.model.lapses import Standing
from tests.system.model.neighbours import Neighbours

_OWNER = "drawbridge:owner"
_BINDING = "drawbridge:binding"
_GONE = frozenset({"deleting", "deleted"})
_UP = frozenset({"pending", "available"})


@dataclass(frozen=True)
class Endpoint:
    """An endpoint that Drawbridge made, by its tags, or by what they were before somebody took them."""

    endpoint_id: str
    place: Place
    state: str
    tags: dict[str, str]
    is_stripped: bool

    @property
    def is_up(self) -> bool:
        """Whether it leads to its resource: one that was cut off fails, and stays until somebody deletes it."""
        return self.state in _UP


@dataclass(frozen=True)
class Rest:
    """What there is in an account with the stack."""

    now: float
    ledger: list[dict[str, Any]]
    endpoints: list[Endpoint]
    states: dict[str, str]
    """Of the endpoints that ask for a connection; what was taken back is gone."""
    parameters: list[dict[str, Any]]
    """Those below our path that are not configuration, with their versions."""

    @property
    def published(self) -> dict[str, str]:
        return {each["Name"]: each["Value"] for each in self.parameters}

    @property
    def rows(self) -> dict[str, dict[str, Any]]:
        return {row["subject"]["S"]: row for row in self.ledger}

    @staticmethod
    def holds(ask: Ask, resources: dict[str, tuple[str, str]], arn: str) -> bool:
        """Return whether a share in effect holds a resource."""
        name, owner = resources.get(arn, ("", ""))
        return ask.in_effect and ask.requester.account_id == owner and name in ask.names


def observe(neighbours: Neighbours, home: Home) -> Rest:
    """Observe an account, and note what is certain of its requests now that all has settled."""
    now = clock.time()
    in_effect = _shares_in_effect(home)
    states: dict[str, str] = {}
    for ask in neighbours.asks:
        if ask.home is home:
            if ask.is_share:
                ask.in_effect = ask.subject in in_effect and not ask.is_over
            else:
                states[ask.subject] = "gone" if ask.given_up else ask.requester.endpoint_state(ask.subject)
            _note_what_is_certain(ask, states.get(ask.subject, ""), now)
    neighbours.note_steady(home)
    return Rest(now, home.person.ledger(), _endpoints(home), states, _parameters(home))


def _note_what_is_certain(ask: Ask, state: str, now: float) -> None:
    is_live = ask.in_effect if ask.is_share else state == "available"
    was_live = ask.was_live or state == "rejected"
    ask.let_in_for_certain &= {*ask.names}
    ask.covered &= {*ask.names}
    if is_live and ask.is_permitted():
        ask.let_in_for_certain, ask.covered = {*ask.names}, {*ask.names}
        ask.adopted = ask.recovered = ask.may_be_adopted_no_more = False
        ask.withdrawn = ask.withdrawn and not ask.is_share
    # What went before all had settled has not been up since then.
    ask.note()
    if ask.lapse is not None and (ask.lapse.is_interrupted or not (is_live or was_live)):
        ask.lapse = None
    if ask.lapse is not None:
        ask.lapse.announced_by = min(ask.lapse.announced_by, now)


def note_rest(neighbours: Neighbours, home: Home, rest: Rest) -> None:
    """Note, for what comes, how it was left: of changes that came while Drawbridge worked, which way they were met."""
    _release(neighbours, home, rest)
    there = {each.place for each in rest.endpoints}
    for ask in neighbours.asks:
        if ask.home is not home:
            continue
        standing = ask.standing(rest.now)
        if ask.is_share and standing is not Standing.STAYS:
            # Whether there was anything to withdraw, and whether its time had come, only the ledger tells.
            row = rest.rows.get(ask.subject)
            ask.withdrawn = row is not None and row["status"]["S"] == "WITHDRAWN"
        if not ask.is_share:
            ask.withdrawn = rest.states[ask.subject] == "rejected"
        if ask.may_be_adopted_no_more and standing is Standing.EITHER:
            ask.adopted = not ask.withdrawn and "withdraw_after" not in rest.rows.get(ask.subject, {})
            ask.may_be_adopted_no_more = False
        _note_what_was_let_in(neighbours, ask, standing, there)
        ask.was_live = ask.in_effect if ask.is_share else rest.states[ask.subject] == "available"
        ask.lapse = None if ask.withdrawn else ask.lapse
        ask.may_have_been_cut = False
        ask.note()
    home.rested_at = rest.now
    home.published = {each["Name"]: each["Version"] for each in rest.parameters}
    home.connected = {each.endpoint_id: each.place for each in rest.endpoints if each.is_up}
    home.steady = {*home.connected}


def _note_what_was_let_in(neighbours: Neighbours, ask: Ask, standing: Standing, there: set[Place]) -> None:
    """What may have been let in was, if it is connected, and was not, if bindings want it and it is not."""
    if not ask.in_effect or standing is not Standing.STAYS:
        return
    connected = {neighbours.resources[place.resource] for place in there if place.resource in neighbours.resources}
    names = {name for name, owner in connected if owner == ask.requester.account_id}
    doubtful = ask.covered - ask.let_in_for_certain
    ask.let_in_for_certain |= doubtful & names
    bindings = ask.home.bindings.values()
    for name in {*wanted(ask.home, ask, doubtful)} - names:
        if not any(ask.home.rivals(each, name) for each in bindings if each.alias):
            ask.covered.discard(name)


def _release(neighbours: Neighbours, home: Home, rest: Rest) -> None:
    """Have endpoints without tags be nobody's, once nothing calls for them: Drawbridge can't know them by then."""
    places = {each.endpoint_id: each.place for each in rest.endpoints}
    called_for = neighbours.called_for(home)
    for each in list(home.stripped):
        place = places.get(each.endpoint_id)
        if place is not None and place not in called_for:
            home.released[each.endpoint_id] = place
            home.stripped.remove(each)


def _shares_in_effect(home: Home) -> set[str]:
    pages = home.person.client("ram").get_paginator("get_resource_shares").paginate(resourceOwner="OTHER-ACCOUNTS")
    return {each["resourceShareArn"] for page in pages for each in page["resourceShares"] if each["status"] == "ACTIVE"}


def _parameters(home: Home) -> list[dict[str, Any]]:
    listing = home.person.client("ssm").get_paginator("get_parameters_by_path")
    pages = listing.paginate(Path="/drawbridge", Recursive=True)
    found = [each for page in pages for each in page["Parameters"]]
    return [each for each in found if not each["Name"].startswith("/drawbridge/config/")]


def _endpoints(home: Home) -> list[Endpoint]:
    """List what Drawbridge made and is there, what somebody took the tags of as well."""
    pages = home.person.client("ec2").get_paginator("describe_vpc_endpoints").paginate()
    there = {each["VpcEndpointId"]: each for page in pages for each in page["VpcEndpoints"]}
    taken = {each.endpoint_id: dict(each.tags) for each in home.stripped}
    found: list[Endpoint] = []
    for endpoint_id, each in there.items():
        tags = taken.get(endpoint_id) or {tag["Key"]: tag["Value"] for tag in each.get("Tags", ())}
        state = str(each["State"]).lower()
        if _OWNER in tags and state not in _GONE:
            place = Place(tags[_BINDING], each.get("ResourceConfigurationArn", ""), each["VpcId"])
            found.append(Endpoint(endpoint_id, place, state, tags, endpoint_id in taken))
    return found
