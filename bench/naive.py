"""The same bursts without Drawbridge: a call for each request, and a poll each minute, on the same local AWS."""

import time
from collections.abc import Mapping
from pathlib import Path

from bench.counting import counted
from bench.limits import of_connections
from bench.table import Line, Way
from bench.watching import ACCEPTED, AT_MOST, NOTIFIED, PATIENCE, Options, Watch, ask_at_once, homes, line_of
from local_aws.testing.clock import fast_forward
from local_aws.testing.deployment import deploy
from scenarios.people import Person

_TEMPLATE = Path(__file__).with_name("naive.yaml")
_DEPLOYED: Mapping[Way, str] = {"one call each": "one-each", "a poll a minute": "poller"}


def naive(options: Options, count: int, *, way: Way) -> Line:
    """Measure connections at once to one service, as a handler without any pace does them."""
    real = time.monotonic()
    home = Person(options.url, str(next(homes)), "provider")
    service_id, service_name = home.offer_service()
    parameters = {"Way": _DEPLOYED[way], "ServiceId": service_id}
    stack = deploy(_TEMPLATE, home.account_id, home.region, name="naive", parameters=parameters)
    home.client("ec2").create_vpc_endpoint_connection_notification(
        ServiceId=service_id, ConnectionNotificationArn=stack.outputs["TopicArn"], ConnectionEvents=["Connect"]
    )
    with counted(home.account_id) as found:
        watch = Watch(
            f"{count} connections, {way}", home.account_id, count, [], time.monotonic() + 60 * options.minutes
        )
        watch.endpoints = ask_at_once(options.url, [service_name], count, options.seed)
        fast_forward(AT_MOST, watch.until, patience=PATIENCE)
    home.stop_sweeping()
    return line_of(
        watch,
        found,
        of_connections(count, by_itself=NOTIFIED + ACCEPTED),
        what="connections",
        way=way,
        items=count,
        real_seconds=time.monotonic() - real,
    )
