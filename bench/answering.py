"""How long Slack waits for an answer to a click that finds no process running, and where that time goes."""

import base64
import io
import json
import logging
import statistics
import time
import zipfile
from collections.abc import Callable
from typing import Any

from bench.loading import Fresh, in_turn, path_of
from local_aws.testing.clock import clock, fast_forward
from local_aws.testing.functions import begin_anew, started_cold
from local_aws.testing.server import LocalAws
from local_aws.testing.slack import Signed, send, workspace
from local_stack.stack import REGION, deploy_stack
from scenarios.people import PROVIDER, STRANGER, Approver, Person

RUNS = 9
ALLOWED = 3.0
"""Seconds: https://docs.slack.dev/interactivity/handling-user-interaction#acknowledgment_response"""

_CLICKED_BY = "U0ALICE"
_RECEIVE = "drawbridge-receive_approval"
_BARE = "bare"
_BARE_CODE = 'def lambda_handler(event, context):\n    return {"statusCode": 200, "body": ""}\n'


def report_answering(url: str) -> None:
    """Click on several questions, each click in a new process, and print how long the answer took."""
    with started_cold():  # a cold start is one of Python's too
        _report(url)


def _report(url: str) -> None:
    provider, stranger = Person(url, PROVIDER, "provider"), Person(url, STRANGER, "stranger")
    functions = provider.client("lambda")
    _deploy_bare(provider)
    clicks = _questions(provider, stranger, Approver(url, _CLICKED_BY))
    times: dict[str, list[float]] = {name: [] for name in ("bare", "refused", "approved", "again", "through the API")}
    for turn, click in enumerate(clicks):
        first = turn == 0  # it warms up bytecode and disk
        event = _event(click)
        unsigned = event | {"headers": event["headers"] | {"x-slack-signature": "v0=0"}}
        spent = {
            "bare": _cold(functions, _BARE, event),
            "refused": _cold(functions, _RECEIVE, unsigned, status=401),
            "approved": _cold(functions, _RECEIVE, event),
            "again": _timed(lambda event=event: _answered(functions, _RECEIVE, event)),  # type: ignore[misc]  # bound now
        }
        begin_anew(PROVIDER, REGION, _RECEIVE)
        spent["through the API"] = send(click, within=60).seconds
        for name, seconds in spent.items():
            if not first:
                times[name].append(seconds)
    loading = in_turn({"receive_approval": Fresh("import app", path_of("receive_approval"))})["receive_approval"]
    _print(times, loading)


def _questions(provider: Person, stranger: Person, approver: Approver) -> list[Signed]:
    """Have several questions asked, and make the clicks that approve them."""
    _, service_name = provider.offer_service()
    endpoints = [stranger.connect(service_name) for _ in range(RUNS + 1)]
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


def _deploy_bare(provider: Person) -> None:
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    role = provider.client("iam").create_role(RoleName=_BARE, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", _BARE_CODE)
    provider.client("lambda").create_function(
        FunctionName=_BARE,
        Role=role,
        Runtime="python3.13",
        Handler="app.lambda_handler",
        Code={"ZipFile": packed.getvalue()},
    )


def _cold(functions: Any, name: str, event: dict[str, Any], status: int = 200) -> float:
    begin_anew(PROVIDER, REGION, name)
    return _timed(lambda: _answered(functions, name, event, status))


def _answered(functions: Any, name: str, event: dict[str, Any], status: int = 200) -> None:
    answer = json.load(functions.invoke(FunctionName=name, Payload=json.dumps(event))["Payload"])
    if answer.get("statusCode") != status:
        raise RuntimeError(f"{name} answered {answer}")


def _timed(what: Callable[[], None]) -> float:
    began = time.perf_counter()
    what()
    return time.perf_counter() - began


def _print(times: dict[str, list[float]], loading: list[float]) -> None:
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
    bare, refused, approved, load = (
        statistics.median(each) * 1e3 for each in (times["bare"], times["refused"], times["approved"], loading)
    )
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
