"""How many AWS calls and state transitions one onboarding of each kind takes."""

import json
import time
import urllib.error
import urllib.request
from collections import Counter
from typing import Any

from demo.cases import IN_ORDER, People
from demo.people import CONSUMER, MANAGEMENT, PROVIDER, STRANGER, Person
from local_aws import workflows
from local_aws.services.organizations import arrange

_PATIENCE = 90


def report_onboarding(url: str) -> None:
    """Play each case once and print what Drawbridge did for it, from the first hint until all was quiet."""
    provider, consumer = Person(url, PROVIDER, "provider"), Person(url, CONSUMER, "consumer")
    people = People(provider, consumer, Person(url, STRANGER, "stranger"))
    for number, case in enumerate(IN_ORDER, start=1):
        if case is IN_ORDER[-1]:
            arrange(MANAGEMENT, {PROVIDER: "workloads/prod", CONSUMER: "workloads/test"}, ram_sharing=True)
        _wait_until_idle(url)
        calls, executions = _calls(url), _executions([provider, consumer])
        expectation = case.play(people, lambda *_: None)
        deadline = time.monotonic() + _PATIENCE
        while expectation.met() is None:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{case.title}: nothing came of it")
            time.sleep(0.2)
        _wait_until_idle(url)
        made = _calls(url) - calls
        ran = _executions([provider, consumer]) - executions
        transitions = sum(workflows.transitions(execution) for execution in ran)
        print(f"\n{number}. {case.title}")
        print(f"   {made.total()} AWS calls, {len(ran)} execution(s), {transitions} state transitions")
        for (role, operation), count in sorted(made.items()):
            print(f"   {count:>4}  {role:<20}{operation}")


def _calls(url: str) -> Counter[tuple[str, str]]:
    """Count the calls of the stack's functions and state machines; looks by the schedule are among them."""
    counted: Counter[tuple[str, str]] = Counter()
    for each in _get(url, "calls")["calls"]:
        if each["role"] and each["role"].startswith("drawbridge-"):
            function = each["role"].removeprefix("drawbridge-").partition("Role-")[0].removesuffix("Function")
            counted[function, each["operation"]] += each["count"]
    return counted


def _executions(people: list[Person]) -> set[str]:
    found: set[str] = set()
    for person in people:
        machine = person.output("OnboardingStateMachineArn")
        pages = person.aws("stepfunctions").get_paginator("list_executions").paginate(stateMachineArn=machine)
        found |= {each["executionArn"] for page in pages for each in page["executions"]}
    return found


def _wait_until_idle(url: str) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        try:
            _get(url, "idle")
        except urllib.error.HTTPError:
            time.sleep(0.2)
        else:
            return
    raise TimeoutError("the local AWS does not come to rest")


def _get(url: str, route: str) -> Any:
    with urllib.request.urlopen(f"{url}/_local/{route}") as answer:  # noqa: S310 - our own port
        return json.load(answer)
