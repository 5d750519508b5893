"""Answering many connections in few calls: those of one service share a call, and each has an outcome of its own."""

from collections import defaultdict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from msgspec import Struct

from drawbridge.acceptance import Acceptance, DecideAgain
from drawbridge.acceptance.plan_answer import AnswerConnection, DecidedConnection, Settled, again, plan_answer
from drawbridge.bounds import in_parts
from drawbridge.decision.consumer_standing import standing_of
from drawbridge.decision.facts import Consumer
from drawbridge.errors import (
    AccessDeniedError,
    DrawbridgeError,
    GoneError,
    NotReadyError,
    ThrottledError,
    UpstreamError,
)
from drawbridge.pacing.defaults import ACCEPT_CONNECTIONS, REJECT_CONNECTIONS
from drawbridge.pacing.pace import AT_ONCE, Pacing
from drawbridge.request import EndpointConnectionRequest, is_attachment
from drawbridge.request.connections import MOST_ANSWERED, ConnectionState, EndpointConnection

Outcome = Acceptance | DecideAgain | DrawbridgeError

_LOOKED_JUST_NOW = timedelta(seconds=5)
"""A list that waited longer for its turn is looked at again first: a person may have answered meanwhile."""

COMMANDED = "An operator had it withdrawn by now."

_OF_ALL = (AccessDeniedError, ThrottledError, UpstreamError)
"""Errors that say nothing of what was in the list: smaller ones would fare no better."""


class ConnectionAnswers(Protocol):
    """Connections to this account's endpoint services."""

    def listed(self, endpoint_ids: Collection[str]) -> list[EndpointConnection]:
        """Return the connections of these endpoints and attachments to services of this account, as AWS lists them."""
        ...

    def answer(self, service_id: str, endpoint_ids: list[str], *, accept: bool) -> dict[str, str]:
        """Accept or reject connections of one service; return AWS's reason for each for which that failed."""
        ...


class AnswerPorts(Struct, frozen=True, kw_only=True):
    """The ports of answering."""

    connections: ConnectionAnswers
    commanded: Callable[[Collection[str]], Collection[str]]
    """Returns those of the requests whose withdrawal an operator commanded, read consistently."""
    consumers: Callable[[Collection[str]], Mapping[str, Consumer]]
    """Returns the entries of accounts that are registered."""
    now: Callable[[], datetime]
    pace: Pacing = AT_ONCE
    may_answer: bool = True
    """Whether anything is answered, and not only reported: what is to be answered is decided again then."""


def answer_all(asked: Sequence[DecidedConnection], ports: AnswerPorts) -> list[Outcome]:
    """Carry out decisions on connections, and return what came of each, or its error, in their order.

    A list that AWS refuses as a whole falls back to its halves, down to the one that is wrong. Repeating it changes
    nothing: what has been answered already, by us, by a person or by the other side, is only reported as it is.
    """
    return _Answering(asked, ports).outcomes()


class _Alike(NamedTuple):
    """What connections that share a call have in common; EC2 takes endpoints, or attachments."""

    service_id: str
    accept: bool
    of_attachments: bool


class _Answering:
    """One go at answering. Connections are named by their places in what is asked."""

    def __init__(self, asked: Sequence[DecidedConnection], ports: AnswerPorts) -> None:
        self._asked = asked
        self._ports = ports
        self._outcomes: dict[int, Outcome] = {}
        self._seen: dict[EndpointConnectionRequest, EndpointConnection] = {}
        self._looked_at: dict[int, datetime] = {}

    def outcomes(self) -> list[Outcome]:
        first: dict[EndpointConnectionRequest, int] = {}
        for place, each in enumerate(self._asked):
            if first.setdefault(each.request, place) != place:
                # By its state alone nobody could say which of the two was done.
                self._outcomes[place] = NotReadyError(f"{each.request.endpoint_id} is being answered")
        alike: dict[_Alike, list[int]] = defaultdict(list)
        for place, answer in self._to_answer(self._look([*first.values()])).items():
            request = self._asked[place].request
            alike[_Alike(request.service_id, answer.accept, is_attachment(request.endpoint_id))].append(place)
        tried, why = self._answer(alike)
        self._report(tried, why)
        return [self._outcomes[place] for place in range(len(self._asked))]

    def _look(self, places: Sequence[int]) -> list[int]:
        """Read what AWS lists of connections; return the places of those of which that is known."""
        if not places:
            return []
        self._looked_at |= dict.fromkeys(places, self._ports.now())
        requests = [self._asked[place].request for place in places]
        try:
            listed = self._ports.connections.listed([each.endpoint_id for each in requests])
        except DrawbridgeError as error:
            self._outcomes |= dict.fromkeys(places, error)
            return []
        for request in requests:
            self._seen.pop(request, None)
        there = {*requests}
        for each in listed:
            request = EndpointConnectionRequest(service_id=each.service_id, endpoint_id=each.endpoint_id)
            if request in there:
                self._seen[request] = each
        return [*places]

    def _to_answer(self, places: Sequence[int]) -> dict[int, AnswerConnection]:
        """Return what is to be answered; note the outcomes of all others."""
        answers: dict[int, AnswerConnection] = {}
        for place in places:
            match self._planned(place):
                case AnswerConnection() as answer if self._ports.may_answer:
                    answers[place] = answer
                case AnswerConnection():
                    self._outcomes[place] = again("It was not answered yet.")
                case Settled(acceptance):
                    self._outcomes[place] = acceptance
                case other:
                    self._outcomes[place] = other
        return answers

    def _planned(self, place: int) -> AnswerConnection | Settled | DecideAgain | NotReadyError:
        decided = self._asked[place]
        try:
            return plan_answer(decided, self._state(place), self._ports.now())
        except NotReadyError as error:
            return error

    def _state(self, place: int) -> ConnectionState | None:
        seen = self._seen.get(self._asked[place].request)
        return seen.state if seen else None

    def _answer(self, alike: Mapping[_Alike, list[int]]) -> tuple[list[int], dict[int, str | DrawbridgeError]]:
        """Answer the lists; return the places that AWS was asked about, and why it did not do some of them."""
        tried: list[int] = []
        why: dict[int, str | DrawbridgeError] = {}
        waiting = deque((kind, [*some]) for kind, places in alike.items() for some in in_parts(places, MOST_ANSWERED))
        while waiting:
            kind, places = waiting.popleft()
            operation = ACCEPT_CONNECTIONS if kind.accept else REJECT_CONNECTIONS
            try:
                self._ports.pace.wait(operation)
            except DrawbridgeError as error:
                self._outcomes |= dict.fromkeys(places, error)
                continue
            places = self._still_to_answer(kind, places)
            if not places:
                continue
            by_id = {self._asked[place].request.endpoint_id: place for place in places}
            try:
                refused = self._ports.connections.answer(kind.service_id, [*by_id], accept=kind.accept)
            except DrawbridgeError as error:
                if isinstance(error, ThrottledError):
                    self._ports.pace.throttled(operation, error)
                if len(places) > 1 and not isinstance(error, _OF_ALL):
                    middle = len(places) // 2
                    waiting.extendleft([(kind, places[middle:]), (kind, places[:middle])])
                    continue
                why |= dict.fromkeys(places, error)
            else:
                why |= {by_id[each]: words for each, words in refused.items() if each in by_id}
            tried += places
        return tried, why

    def _still_to_answer(self, kind: _Alike, places: list[int]) -> list[int]:
        """Return those that are to be answered even now that the turn has come; note the outcomes of the others."""
        if self._ports.now() - min(self._looked_at[place] for place in places) > _LOOKED_JUST_NOW:
            places = self._look(places)
        places = [*self._to_answer(places)]
        return self._let_in_still(places) if kind.accept and places else places

    def _let_in_still(self, places: list[int]) -> list[int]:
        """Return those that may be accepted by the registry and the ledger as they are now."""
        accounts = {place: self._account_id(place) for place in places}
        for place in [place for place, account_id in accounts.items() if not account_id]:
            endpoint_id = self._asked[place].request.endpoint_id
            self._outcomes[place] = NotReadyError(f"AWS does not say whose {endpoint_id} is")
            del accounts[place]
        if not accounts:
            return []
        try:
            consumers = self._ports.consumers({*accounts.values()})
            shut_out = {
                place: why
                for place, account_id in accounts.items()
                if (why := _shut_out(account_id, consumers.get(account_id), self._asked[place])) is not None
            }
            left = [place for place in accounts if place not in shut_out]
            ids = {place: self._asked[place].request.request_id for place in left}
            commanded = self._ports.commanded({*ids.values()}) if left else ()
        except DrawbridgeError as error:
            self._outcomes |= dict.fromkeys(accounts, error)
            return []
        self._outcomes |= shut_out
        self._outcomes |= {place: again(COMMANDED) for place in left if ids[place] in commanded}
        return [place for place in left if ids[place] not in commanded]

    def _account_id(self, place: int) -> str:
        """Return whose connection it is. What an earlier version decided does not say it."""
        decided = self._asked[place]
        seen = self._seen.get(decided.request)
        return decided.on.account_id or (seen.owner if seen else "")

    def _report(self, tried: Sequence[int], why: Mapping[int, str | DrawbridgeError]) -> None:
        """Look once more, and note what became of those that AWS was asked about."""
        for place in self._look(tried):
            said = why.get(place, "it is not visible yet")
            planned = self._planned(place)
            if isinstance(said, GoneError):
                self._seen.pop(self._asked[place].request, None)
                planned = self._planned(place)
            match planned:
                case Settled(acceptance):
                    self._outcomes[place] = acceptance
                case NotReadyError() as error:
                    self._outcomes[place] = error
                case _ if isinstance(said, DrawbridgeError):
                    self._outcomes[place] = said
                case _:
                    endpoint_id = self._asked[place].request.endpoint_id
                    self._outcomes[place] = NotReadyError(f"{endpoint_id} is still {self._state(place)}: {said}")


def _shut_out(account_id: str, consumer: Consumer | None, decided: DecidedConnection) -> DecideAgain | None:
    """Return ``DecideAgain`` if the door was shut since it was decided, while policies let it in still."""
    if consumer is None and decided.on.registered:
        return again(f"Consumer {account_id} is not registered any longer.")
    standing = standing_of(consumer)
    return again(f"Consumer {account_id} is {standing} by now.") if standing.shuts_out else None
