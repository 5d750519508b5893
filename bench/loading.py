"""What each function's cold start takes in AWS's runtime client, beside the least handler and one that has boto3.

``python -m bench loading``
"""

import os
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from bench import processes
from bench.cold import BARE, BARE_CODE, Report, deploy_handler, invoked_cold, reports_in
from bench.processes import run_successfully
from local_aws.testing.clock import clock, fast_forward, in_flight
from local_aws.testing.functions import begin_anew, source_of, started_cold
from local_stack.stack import ACCOUNTS, REGION, REPOSITORY, deploy_stack
from scenarios.people import APPROVER, Approver, Person

RUNS = 9
PYTHON = REPOSITORY / ".local" / "runtime" / "bin" / "python"
COMPILED = REPOSITORY / ".local" / "pycache"
"""The folder below which Python puts compiled files, each at the path of its source."""
_TIMED = "import time\n{before}\nbegan = time.perf_counter()\n{code}\nprint(time.perf_counter() - began)"

_HOME = "470000000000"
_OTHER = "470000000001"
_OURS = "drawbridge-"
_BOTO3 = "boto3"
_BOTO3_CODE = "import sys\nsys.path[:0] = {layers}\nimport boto3\n"

_ASIDE: Mapping[str, Any] = {
    # Nobody is asked to prove who it is, and no customer is told anything, in what is played.
    "receive_proof": {"version": "2.0", "headers": {}, "body": "{}", "isBase64Encoded": False},
    "tell_consumers": {
        "detail-type": "Request Status Changed",
        "detail": {"id": "connection-of-nobody/1/PENDING/0", "requestId": "connection-of-nobody"},
    },
}
"""What functions are invoked with that have no part in it."""


@dataclass(frozen=True)
class Fresh:
    """What a fresh process runs; ``code`` is timed, ``before`` is not."""

    code: str
    path: Sequence[Path]
    before: str = ""


def report_loading(url: str) -> None:
    """Play what every function has a part in, several times, each time without any process, and print their starts."""
    with started_cold():  # a cold start is one of Python's too
        stage = _Stage(url)
        stage.play()  # it warms up bytecode and disk
        since = clock.time()
        for _ in range(RUNS):
            stage.play()
        _print(stage.reports(since))


class _Stage:
    """An account with a stack that asks in Slack, and another one, which wants to be connected and shares."""

    def __init__(self, url: str) -> None:
        deploy_stack(_HOME, parameters={"LookEvery": "rate(5 minutes)", "TellConsumersWebhook": "true"})
        self._home, self._other = Person(url, _HOME, "home"), Person(url, _OTHER, "other")
        self._approver = Approver(url, APPROVER)
        self._home.write_binding("bench", resource="*", provider=_OTHER)
        deploy_handler(self._home, BARE, BARE_CODE)
        layers = [str(each) for each in source_of(_HOME, REGION, f"{_OURS}receive_proof").layers]
        deploy_handler(self._home, _BOTO3, _BOTO3_CODE.format(layers=layers) + BARE_CODE)
        pages = self._home.client("lambda").get_paginator("list_functions").paginate()
        found = {each["FunctionName"]: each for page in pages for each in page["Functions"]}
        self._logs = {
            name: found[name]["LoggingConfig"]["LogGroup"] for name in sorted(found) if name.startswith(_OURS)
        }
        self._beside: dict[str, list[Report]] = {BARE: [], _BOTO3: []}
        """Their roles may write no log."""
        _, self._service = self._home.offer_service()
        self._played = 0

    def play(self) -> None:
        """Have a connection and a share let in by a person, the share deleted, and a customer signed up."""
        self._played += 1
        for name in self._logs:
            begin_anew(_HOME, REGION, name)
        for name, reports in self._beside.items():
            reports.append(invoked_cold(self._home, name, {}).report)
        for name, event in _ASIDE.items():
            invoked_cold(self._home, f"{_OURS}{name}", event)
        self._home.tell("Consumer Registered", account_id=f"46{self._played:010}", tier="gold")
        endpoint = self._other.connect(self._service)
        self._let_in(endpoint)
        share = self._other.share_database(f"db-{self._played}", port="5432", with_account=_HOME)
        self._let_in(share)
        self._other.client("ram").delete_resource_share(resourceShareArn=share)
        self._wait_until(lambda: self._status(share) == "WITHDRAWN")
        self._wait_until(lambda: not any(in_flight().values()))

    def reports(self, since: float) -> dict[str, list[Report]]:
        """Return what is reported of each function since then, ours and those beside them."""
        ours = {name: list(self._reported(group, since)) for name, group in self._logs.items()}
        return {name: reports[1:] for name, reports in self._beside.items()} | ours

    def _reported(self, group: str, since: float) -> Iterator[Report]:
        pages = self._home.client("logs").get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=group, startTime=int(since * 1000)):
            for event in page["events"]:
                yield from reports_in(event["message"])

    def _let_in(self, subject: str) -> None:
        self._wait_until(lambda: self._approver.asked(subject) is not None)
        message = self._approver.asked(subject)
        assert message is not None  # noqa: S101 - it was there, and nobody else answers
        self._approver.approve(message)
        self._wait_until(lambda: self._status(subject) == "AVAILABLE")

    def _status(self, subject: str) -> str:
        return next((row["status"]["S"] for row in self._home.ledger(subject)), "")

    def _wait_until(self, met: Callable[[], bool]) -> None:
        if not fast_forward(3600, until=met):
            raise TimeoutError(f"it has not come to its end: {self._home.ledger()}")


def _print(found: Mapping[str, Sequence[Report]]) -> None:
    bare = _median([each.init for each in found[BARE] if each.init is not None])
    print(
        f"\nCold starts in AWS's runtime client in ms, median of {RUNS} new processes or more each, after one to warm\n"
        "up bytecode and disk; the first answer is with the clients made, and the calls that it needs; memory in MB:"
    )
    print(f"  {'':<22}{'start':>8}{'- bare':>8}{'first':>8}{'sum':>8}{'later':>8}{'memory':>8}{'n':>5}")
    for name, reports in found.items():
        cold = [each for each in reports if each.init is not None]
        warm = [each.answer for each in reports if each.init is None]
        start, first = _median([each.init or 0 for each in cold]), _median([each.answer for each in cold])
        sums = _median([(each.init or 0) + each.answer for each in cold])
        later = f"{_median(warm) * 1000:.0f}" if warm else "-"
        memory = statistics.median(each.memory for each in cold) if cold else 0
        print(
            f"  {name.removeprefix(_OURS):<22}{start * 1000:>8.0f}{(start - bare) * 1000:>8.0f}{first * 1000:>8.0f}"
            f"{sums * 1000:>8.0f}{later:>8}{memory:>8.0f}{len(cold):>5}"
        )


def _median(seconds: Sequence[float]) -> float:
    return statistics.median(seconds) if seconds else 0.0


def path_of(folder: str) -> list[Path]:
    """Return the path of a deployed function's process: its own folder, then its layers."""
    source = source_of(ACCOUNTS[0], REGION, f"drawbridge-{folder}")
    return [source.code, *source.layers]


def in_turn(measured: Mapping[str, Fresh]) -> dict[str, list[float]]:
    """Return the seconds of each in several processes, without the first, which warms up."""
    return processes.in_turn({name: partial(_seconds, fresh) for name, fresh in measured.items()}, RUNS)


def _seconds(fresh: Fresh) -> float:
    """Return the seconds that a fresh process takes for what is timed of it."""
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(str(each) for each in fresh.path),
        "PYTHONPYCACHEPREFIX": str(COMPILED),
        "AWS_REGION": REGION,
        "POWERTOOLS_SERVICE_NAME": "drawbridge",
    }
    command = [str(PYTHON), "-s", "-c", _TIMED.format(before=fresh.before, code=fresh.code)]
    return float(run_successfully(command, environment).out)
