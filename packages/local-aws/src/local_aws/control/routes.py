"""The control of the local AWS itself, under ``/_local/``: JSON in and out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from werkzeug.wsgi import get_input_stream

from local_aws.control import settings
from local_aws.delivery import journal
from local_aws.fault_injection.faults import faults, parse
from local_aws.http import control_input
from local_aws.http.call_record import record
from local_aws.http.control_input import InvalidInputError
from local_aws.http.request_identification import Environ
from local_aws.services.organizations import membership
from local_aws.services.resolver import vpc_resolver
from local_aws.time.activity import in_flight
from local_aws.time.clock import clock

PREFIX = "/_local"

SETTLING = 0.05
"""Real seconds between the two looks after which quiet is believed."""

_VPC = re.compile(r"vpc-[0-9a-f]{8,17}")

MOST_SECONDS = 366 * 24 * 3600
"""How far the clock is advanced at once: all that is due on the way has to run."""


@dataclass(frozen=True)
class Reply:
    """What a route answers."""

    body: Any
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def get_index(_: Any) -> Reply:
    routes = {f"{method} {PREFIX}/{name}": route.about for (name, method), route in ROUTES.items() if name}
    return Reply({"routes": {**routes, **ELSEWHERE}})


def get_clock(_: Any) -> Reply:
    moment = clock.time()
    iso = datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds")
    return Reply({"time": iso.replace("+00:00", "Z"), "seconds": moment, "speed": clock.speed})


def post_clock(told: Any) -> Reply:
    body = control_input.fields("clock", told, ("advance", "speed"))
    if not body:
        raise InvalidInputError('clock: give {"advance": seconds} or {"speed": factor}')
    advance = control_input.number("advance", body.get("advance", 0))
    if not 0 <= advance <= MOST_SECONDS:
        raise InvalidInputError(f"advance: seconds from 0 to {MOST_SECONDS} are expected, not {advance:g}")
    if "speed" in body:
        speed = control_input.number("speed", body["speed"])
        try:
            clock.set_speed(speed)
        except ValueError as wrong:
            raise InvalidInputError(str(wrong)) from wrong
    if advance:
        clock.advance(advance)
    return get_clock(None)


def get_faults(_: Any) -> Reply:
    return Reply(faults.describe())


def post_faults(told: Any) -> Reply:
    faults.replace(parse(told))
    return get_faults(None)


def get_settings(_: Any) -> Reply:
    return Reply(settings.describe())


def post_settings(told: Any) -> Reply:
    settings.change(told)
    return get_settings(None)


def get_events(_: Any) -> Reply:
    return Reply({"events": journal.describe()})


def get_calls(_: Any) -> Reply:
    return Reply(record.describe())


def get_idle(_: Any) -> Reply:
    """Answer 200 only if twice, a moment apart, nothing was found: work passes from hand to hand between two counts."""
    busy = in_flight()
    if not busy:
        time.sleep(SETTLING)  # real time: threads at work don't follow the clock
        busy = in_flight()
    return Reply({"idle": not busy, "inFlight": busy}, status=409 if busy else 200)


def post_organization(told: Any) -> Reply:
    body = control_input.fields("organization", told, ("management", "accounts", "ramSharing"))
    management = control_input.account("management", body.get("management"))
    accounts = body.get("accounts", {})
    if not isinstance(accounts, dict):
        raise InvalidInputError('accounts: an object is expected, such as {"111111111111": "workloads/prod"}')
    for account_id, path in accounts.items():
        control_input.account("accounts", account_id)
        if not isinstance(path, str):
            raise InvalidInputError(f"accounts.{account_id}: a path of organizational units is expected, not {path!r}")
    sharing = control_input.flag("ramSharing", body.get("ramSharing", False))
    membership.arrange(management=management, accounts=accounts, ram_sharing=sharing)
    return Reply({"management": management, "accounts": accounts, "ramSharing": sharing})


def get_resolve(told: Mapping[str, str]) -> Reply:
    if "vpc" not in told:
        raise InvalidInputError("vpc: give the id of a VPC, as in ?vpc=vpc-0123456789abcdef0&name=db.example.com")
    vpc_id = control_input.text("vpc", told["vpc"], _VPC, "the id of a VPC, such as vpc-0123456789abcdef0,")
    name = told.get("name")
    if name is not None and not name.strip("."):
        raise InvalidInputError("name: give a DNS name, such as db.example.com, or leave it out for all names")
    try:
        if name is None:
            account_id, names = vpc_resolver.owner_of(vpc_id), vpc_resolver.resolve_all(vpc_id)
            return Reply({"vpc": vpc_id, "account": account_id, "names": names})
        found = vpc_resolver.resolve(vpc_id, name)
    except vpc_resolver.UnknownVpcError as unknown:
        raise InvalidInputError(f"vpc: no account has {vpc_id}; DescribeVpcs tells those that there are") from unknown
    except vpc_resolver.UnresolvedError as unresolved:
        return Reply({"error": str(unresolved)}, status=404)
    told_of = {"name": found.name, "vpc": vpc_id, "account": found.account_id}
    return Reply({**told_of, "arn": found.arn, "chain": found.chain})


@dataclass(frozen=True)
class Route:
    """What answers a method at a path: a POST is given its body, a GET its query."""

    answer: Callable[[Any], Reply]
    about: str
    query: tuple[str, ...] = ()
    """The fields that the URL's query may have."""


ROUTES: dict[tuple[str, str], Route] = {
    ("", "GET"): Route(get_index, "this list"),
    ("clock", "GET"): Route(get_clock, "the time there"),
    ("clock", "POST"): Route(post_clock, '{"advance": seconds} or {"speed": factor}'),
    ("faults", "GET"): Route(get_faults, "the faults in force"),
    ("faults", "POST"): Route(post_faults, "replaces the faults in force; {} ends all: seed, events, calls"),
    ("settings", "GET"): Route(get_settings, "how hard this local AWS is"),
    ("settings", "POST"): Route(post_settings, f"changes what is told: {', '.join(settings.NAMES)}"),
    ("events", "GET"): Route(get_events, "what was emitted and delivered"),
    ("calls", "GET"): Route(get_calls, "AWS calls made, by account, role and operation"),
    ("idle", "GET"): Route(get_idle, "200 once nothing is in flight, else 409"),
    ("organization", "POST"): Route(
        post_organization, '{"management": account, "accounts": {account: path}, "ramSharing"}'
    ),
    ("resolve", "GET"): Route(
        get_resolve, "?vpc=&name= what a client in the VPC gets for a name; without name all names", ("vpc", "name")
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
"""Routes that are no JSON of control's."""


def control(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
    """Answer a request under ``/_local/``, as a WSGI application."""
    reply = _reply(environ)
    body = json.dumps(reply.body, default=str).encode() + b"\n"
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body))), *reply.headers]
    start_response(f"{reply.status} {'OK' if reply.status < 400 else 'Error'}", headers)  # noqa: PLR2004 - HTTP's errors
    return [body]


def _reply(environ: Environ) -> Reply:
    told = _read(environ)
    name = environ["PATH_INFO"].removeprefix(PREFIX).strip("/")
    method = environ["REQUEST_METHOD"]
    methods = [known for route, known in ROUTES if route == name]
    if not methods:
        return Reply({"error": f"{name}: there is no such route, GET {PREFIX}/ lists them"}, status=404)
    if method not in methods:
        allowed = ", ".join(methods)
        return Reply({"error": f"{name}: use {allowed}, not {method}"}, status=405, headers=(("Allow", allowed),))
    route = ROUTES[name, method]
    try:
        asked = control_input.query(name or "the list", environ.get("QUERY_STRING", ""), route.query)
        return route.answer(_parse(told) if method == "POST" else asked)
    except InvalidInputError as wrong:
        return Reply({"error": str(wrong)}, status=400)


def _read(environ: Environ) -> bytes:
    return get_input_stream(environ, safe_fallback=True).read()


def _parse(told: bytes) -> Any:
    try:
        return json.loads(told)
    except (ValueError, RecursionError) as wrong:
        raise InvalidInputError(f"body: JSON is expected ({wrong})") from wrong
