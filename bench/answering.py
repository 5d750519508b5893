"""How long Slack waits for an answer to a click that finds no process running, and where that time goes."""

import base64
import logging
import statistics
from typing import Any

from bench.cold import BARE, BARE_CODE, Answered, deploy_handler, invoked, invoked_cold
from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.functions import begin_anew, started_cold
from local_aws.testing.server import LocalAws
from local_aws.testing.slack import Signed, send, workspace
from local_stack.stack import REGION, deploy_stack
from scenarios.people import PROVIDER, Approver, Person

RUNS = 9
ALLOWED = 3.0
"""Seconds: https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response"""

_CLICKED_BY = "U0ALICE"
_RECEIVE = "drawbridge-receive_approval"


def report_answering(url: str) -> None:
    """Click on several questions, each click in a new process, and print how long the answer took."""
    with started_cold():  # a cold start is one of Python's too
        _report(url)


def _report(url: str) -> None:
    provider = Person(url, PROVIDER, "provider")
    deploy_handler(provider, BARE, BARE_CODE)
    clicks = _questions(provider, Approver(url, _CLICKED_BY))
    times: dict[str, list[float]] = {
        name: [] for name in ("bare", "refused", "approved", "again", "through the API", "started", "started bare")
    }
    for turn, click in enumerate(clicks):
        event = _event(click)
        unsigned = event | {"headers": event["headers"] | {"x-slack-signature": "v0=0"}}
        bare = invoked_cold(provider, BARE, event)
        refused = invoked_cold(provider, _RECEIVE, unsigned)
        approved = invoked_cold(provider, _RECEIVE, event)
        again = invoked(provider, _RECEIVE, event)
        begin_anew(PROVIDER, REGION, _RECEIVE)
        spent = {
            "bare": _seconds(bare),
            "refused": _seconds(refused, status=401),
            "approved": _seconds(approved),
            "again": _seconds(again),
            "through the API": send(click, within=60).seconds,
            "started": approved.report.init or 0,
            "started bare": bare.report.init or 0,
        }
        for name, seconds in spent.items():
            if turn:  # the first warms up bytecode and disk
                times[name].append(seconds)
    _print(times)


def _questions(provider: Person, approver: Approver) -> list[Signed]:
    """Have several questions asked, and make the clicks that approve them."""
    _, service_name = provider.offer_service()
    # Of one account only some questions are open at once.
    strangers = [Person(provider.url, f"34{number:010}", "stranger") for number in range(RUNS + 1)]
    endpoints = [each.connect(service_name) for each in strangers]
    if not fast_forward(3600, until=lambda: all(approver.asked(each) for each in endpoints)):
        raise TimeoutError("not all questions were asked")
    made = []
    for endpoint in endpoints:
        message = approver.asked(endpoint)
        assert message is not None  # noqa: S101 - it was there, and nobody has answered it
        payload = workspace.block_actions(_CLICKED_BY, message["ts"], "approve")
        made.append(workspace.signed(PROVIDER, payload))
    return made


def _event(click: Signed) -> dict[str, Any]:
    """Return what API Gateway makes of a click."""
    headers = {name.lower(): value for name, value in click.headers.items()}
    body = base64.b64encode(click.body).decode()
    return {"version": "2.0", "headers": headers, "body": body, "isBase64Encoded": True}


def _seconds(answered: Answered, status: int = 200) -> float:
    """Return how long an answer took.

    Raises:
        RuntimeError: it is another one.
    """
    if answered.payload.get("statusCode") != status:
        raise RuntimeError(f"{_RECEIVE} answered {answered.payload}")
    return answered.seconds


def _print(times: dict[str, list[float]]) -> None:
    print(
        f"\nAnswer to a click in ms, {RUNS} new processes of the runtime client each after one to warm up; Slack waits "
        f"{ALLOWED * 1000:.0f}:"
    )
    print(f"  {'':<42}{'median':>8}{'least':>8}{'most':>8}")
    for name, what in (
        ("bare", "bare handler, cold"),
        ("approved", "receive_approval, approved, cold"),
        ("through the API", "  the same click again, over HTTP, cold"),
        ("again", "  the same click again, warm"),
    ):
        runs = times[name]
        print(f"  {what:<42}{statistics.median(runs) * 1e3:>8.0f}{min(runs) * 1e3:>8.0f}{max(runs) * 1e3:>8.0f}")
    bare, refused, approved, started, started_bare = (
        statistics.median(times[each]) * 1e3 for each in ("bare", "refused", "approved", "started", "started bare")
    )
    load = started - started_bare
    print("  Where the median goes:")
    print(f"  {bare:>8.0f}  the process and the runtime client, which a bare handler needs too")
    print(f"  {load:>8.0f}  loading our code and what it needs, boto3 above all")
    print(f"  {refused - bare - load:>8.0f}  the secret: its client, and one call; then the signature")
    print(f"  {approved - refused:>8.0f}  approvers, question, record, task, having it told: four clients, five calls")


def main() -> None:
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    with LocalAws() as server:
        clock.set_speed(1)
        deploy_stack(PROVIDER)
        report_answering(server.url)


if __name__ == "__main__":
    main()
