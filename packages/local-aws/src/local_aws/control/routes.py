"""The control of the local AWS itself, under ``/_local/``: JSON in and out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType
from werkzeug.wsgi import get_input_stream

from local_aws.control import settings
from local_aws.delivery import journal
from local_aws.fault_injection.faults import faults, parse
from local_aws.http import control_input
from local_aws.http.call_record import record
from local_aws.http.control_input import AccountId, ControlInput, InvalidInputError
from local_aws.http.request_identification import Environ
from local_aws.http.strangers import refuse_strangers
from local_aws.services.organizations import membership
from local_aws.services.resolver import vpc_resolver
from local_aws.time.activity import in_flight
from local_aws.time.clock import MOST_SPEED, clock

PREFIX = "/_local"

SETTLING = 0.05
"""Real seconds between the two counts of work in flight."""

MOST_SECONDS = 366 * 24 * 3600
"""The most that the clock is advanced at once: all that is due in that time has to run."""

Advance = Annotated[float, Meta(ge=0, le=MOST_SECONDS, description=f"a number of seconds from 0 to {MOST_SECONDS}")]
Speed = Annotated[float, Meta(ge=0, le=MOST_SPEED, description=f"a number from 0 to {MOST_SPEED}")]
UnitPath = Annotated[str, Meta(description="a path of organizational units, such as workloads/prod,")]
VpcId = Annotated[
    str, Meta(pattern=r"^vpc-[0-9a-f]{8,17}\Z", description="the id of a VPC, such as vpc-0123456789abcdef0,")
]
DnsName = Annotated[
    str, Meta(pattern=r"[^.]", description="a DNS name, such as db.example.com, or no name at all for all names,")
]


class ClockChange(ControlInput, frozen=True):
    """A change of the clock: it gets its new speed, then it is advanced."""

    advance: Advance | UnsetType = UNSET
    speed: Speed | UnsetType = UNSET


class Organization(ControlInput, frozen=True):
    """An organization: its accounts, each with the path of its organizational unit."""

    management: AccountId
    accounts: dict[AccountId, UnitPath] = msgspec.field(default_factory=dict)
    ram_sharing: bool = False


class NoQuery(ControlInput, frozen=True):
    """The query of a route that takes none."""


class NameQuery(ControlInput, frozen=True):
    """The name to resolve in a VPC; None for all names."""

    vpc: VpcId
    name: DnsName | None = None


@dataclass(frozen=True)
class Reply:
    """The reply of a route."""

    body: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def get_index(_: Any) -> Reply:
    routes = {f"{method} {PREFIX}/{name}": route.about for (name, method), route in ROUTES.items() if name}
    return Reply({"routes": {**routes, **ELSEWHERE}})


def get_clock(_: Any) -> Reply:
    seconds = clock.time()
    iso = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return Reply({"time": iso.replace("+00:00", "Z"), "seconds": seconds, "speed": clock.speed})


def post_clock(body: bytes) -> Reply:
    change = control_input.read(body, ClockChange, "clock")
    if change == ClockChange():
        raise InvalidInputError('clock: give {"advance": seconds} or {"speed": factor}')
    if change.speed is not UNSET:
        clock.set_speed(change.speed)
    if change.advance is not UNSET:
        clock.advance(change.advance)
    return get_clock(None)


def get_faults(_: Any) -> Reply:
    return Reply(faults.describe())


def post_faults(body: bytes) -> Reply:
    faults.replace(parse(control_input.decode(body)))
    return get_faults(None)


def get_settings(_: Any) -> Reply:
    return Reply(settings.describe())


def post_settings(body: bytes) -> Reply:
    settings.change(control_input.decode(body))
    return get_settings(None)


def get_events(_: Any) -> Reply:
    return Reply({"events": journal.describe()})


def get_calls(_: Any) -> Reply:
    return Reply(record.describe())


def get_idle(_: Any) -> Reply:
    """Reply 200 only if two counts find no work in flight: one may miss work that is being handed over."""
    busy = in_flight()
    if not busy:
        time.sleep(SETTLING)  # real time: threads at work don't follow the clock
        busy = in_flight()
    return Reply({"idle": not busy, "inFlight": busy}, status=409 if busy else 200)


def post_organization(body: bytes) -> Reply:
    posted = control_input.read(body, Organization, "organization")
    membership.arrange(management=posted.management, accounts=posted.accounts, ram_sharing=posted.ram_sharing)
    return Reply(msgspec.to_builtins(posted))


def get_resolve(query: NameQuery) -> Reply:
    try:
        if query.name is None:
            account_id, names = vpc_resolver.owner_of(query.vpc), vpc_resolver.resolve_all(query.vpc)
            return Reply({"vpc": query.vpc, "account": account_id, "names": names})
        found = vpc_resolver.resolve(query.vpc, query.name)
    except vpc_resolver.UnknownVpcError as error:
        raise InvalidInputError(f"vpc: no account has {query.vpc}; DescribeVpcs lists those that exist") from error
    except vpc_resolver.UnresolvedError as error:
        return Reply({"error": str(error)}, status=404)
    result = {"name": found.name, "vpc": query.vpc, "account": found.account_id}
    return Reply({**result, "arn": found.arn, "chain": found.chain})


@dataclass(frozen=True)
class Route:
    """A method at a path; ``answer`` takes the body of a POST, the query of a GET."""

    answer: Callable[[Any], Reply]
    about: str
    query: type[ControlInput] = NoQuery
    """The type of the URL's query."""


ROUTES: dict[tuple[str, str], Route] = {
    ("", "GET"): Route(get_index, "this list; in a browser, a page that shows what there is"),
    ("clock", "GET"): Route(get_clock, "the time there"),
    ("clock", "POST"): Route(post_clock, '{"advance": seconds} or {"speed": factor}'),
    ("faults", "GET"): Route(get_faults, "the faults in force"),
    ("faults", "POST"): Route(post_faults, "replaces the faults in force; {} ends all: seed, events, calls"),
    ("settings", "GET"): Route(get_settings, "how hard this local AWS is"),
    ("settings", "POST"): Route(post_settings, f"changes what is posted: {', '.join(settings.NAMES)}"),
    ("events", "GET"): Route(get_events, "what was emitted and delivered"),
    ("calls", "GET"): Route(get_calls, "AWS calls made, by account, role and operation"),
    ("idle", "GET"): Route(get_idle, "200 once nothing is in flight, else 409"),
    ("organization", "POST"): Route(
        post_organization, '{"management": account, "accounts": {account: path}, "ramSharing"}'
    ),
    ("resolve", "GET"): Route(
        get_resolve, "?vpc=&name= what a client in the VPC gets for a name; without name all names", NameQuery
    ),
}

ELSEWHERE: dict[str, str] = {
    "GET /_local/slack": "Slack's workspace: a page, or with Accept: application/json its messages",
    "POST /_local/slack": "replaces Slack's faults; {} ends all: faults with down, rateLimited, error",
    "POST /_local/slack/click": '{"user", "ts", "action_id"}, and "channel", "blockId" where they are not clear',
    "POST /_local/slack/submit": '{"user", "viewId", "values": {block_id: {action_id: value}}}',
    "POST /_local/slack/close": '{"user", "viewId"}',
    "POST /_local/slack/api/": "Slack's web API",
    "ANY /_local/apis/": "API Gateway's HTTP APIs, each below its id",
}
"""Routes that are served elsewhere, for the index."""


def control(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request under ``/_local/``, as a WSGI application."""
    reply = _reply(environ)
    body = json.dumps(reply.body, default=str).encode() + b"\n"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *reply.headers]
    start_response(f"{reply.status} {'OK' if reply.status < 400 else 'Error'}", headers)  # noqa: PLR2004 - HTTP's errors
    return [body]


def _reply(environ: Environ) -> Reply:
    body = get_input_stream(environ, safe_fallback=True).read()
    try:
        refuse_strangers(environ)
    except InvalidInputError as error:
        return Reply({"error": str(error)}, status=400)
    name = environ["PATH_INFO"].removeprefix(PREFIX).strip("/")
    method = environ["REQUEST_METHOD"]
    methods = [each for route, each in ROUTES if route == name]
    if not methods:
        return Reply({"error": f"{name}: there is no such route, GET {PREFIX}/ lists them"}, status=404)
    if method not in methods:
        allowed = ", ".join(methods)
        return Reply({"error": f"{name}: use {allowed}, not {method}"}, status=405, headers=(("Allow", allowed),))
    route = ROUTES[name, method]
    try:
        query = control_input.query(environ.get("QUERY_STRING", ""), route.query, f"{name or 'the list'}'s query")
        return route.answer(body if method == "POST" else query)
    except InvalidInputError as error:
        return Reply({"error": str(error)}, status=400)
