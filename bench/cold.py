"""Cold starts in AWS's runtime client, by what Lambda writes at the end of an invocation: its ``REPORT``."""

import base64
import io
import json
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_aws.testing.functions import begin_anew
from scenarios.people import Person

BARE = "bare"
BARE_CODE = 'def lambda_handler(event, context):\n    return {"statusCode": 200, "body": ""}\n'
"""The least that a function can be."""

_REPORT = re.compile(
    r"^REPORT .*?\bDuration: (?P<answer>[\d.]+) ms.*\bMax Memory Used: (?P<memory>\d+) MB"
    r"(?:.*\bInit Duration: (?P<init>[\d.]+) ms)?",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Report:
    """What Lambda reports of an invocation: seconds, and megabytes."""

    answer: float
    memory: int
    init: float | None
    """From the start of the process until it waits for its first event; ``None`` if it was there already."""


@dataclass(frozen=True)
class Answered:
    """An invocation as its caller sees it."""

    payload: Any
    seconds: float
    report: Report


def deploy_handler(person: Person, name: str, code: str) -> None:
    """Deploy a function without layers, and with a role of its own."""
    trust = {
        "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]
    }
    role = person.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("app.py", code)
    person.client("lambda").create_function(
        FunctionName=name,
        Role=role,
        Runtime="python3.13",
        Handler="app.lambda_handler",
        Code={"ZipFile": packed.getvalue()},
    )


def invoked(person: Person, name: str, event: Any) -> Answered:
    """Invoke a function.

    Raises:
        RuntimeError: it failed.
    """
    began = time.perf_counter()
    answer = person.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event), LogType="Tail")
    payload = json.load(answer["Payload"])
    seconds = time.perf_counter() - began
    if "FunctionError" in answer:
        raise RuntimeError(f"{name} failed: {payload}")
    (report,) = reports_in(base64.b64decode(answer["LogResult"]).decode())
    return Answered(payload, seconds, report)


def invoked_cold(person: Person, name: str, event: Any) -> Answered:
    """Invoke a function that has no process."""
    begin_anew(person.account_id, person.region, name)
    return invoked(person, name, event)


def reports_in(log: str) -> Iterator[Report]:
    """Yield what a log reports."""
    for found in _REPORT.finditer(log):
        init = found["init"]
        yield Report(float(found["answer"]) / 1000, int(found["memory"]), float(init) / 1000 if init else None)
