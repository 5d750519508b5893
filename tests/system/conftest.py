"""The stack as it deploys, in accounts of the local AWS, and people who use it."""

import json
import os
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_aws.testing.clock import fast_forward, in_flight
from local_aws.testing.server import LocalAws
from local_stack.stack import deploy_stack
from scenarios.command_line import run
from scenarios.people import Person
from tests.system.onlookers import Onlooker
from tests.system.permissions import Permissions

PATIENCE = 3600
"""Seconds of the clock that anything may take."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the test of the roles' permissions after the last that uses them; with workers it is the last of all."""
    if hasattr(config, "workerinput"):
        return
    here = Path(__file__).parent
    last = [item for item in items if item.path == here / "test_least_privilege.py"]
    others = [item for item in items if item not in last]
    behind = max((place for place, item in enumerate(others, 1) if item.path.is_relative_to(here)), default=0)
    items[:] = [*others[:behind], *last, *others[behind:]]


LONG = int(os.environ.get("DRAWBRIDGE_SOAK_RUNS", "0"))
"""How many runs the long profile of the tests that have one makes; 0 for the short profile."""


@dataclass(frozen=True)
class World:
    """The local AWS from outside: its port, and what is under ``/_local/``."""

    url: str

    def person(self, account_id: str) -> Person:
        return Onlooker(self.url, account_id, f"somebody-in-{account_id}")

    def control(self, route: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/_local/{route}", data) as answer:  # noqa: S310 - our own port
            return json.load(answer)

    def slack(self) -> Any:
        """Return what is in Slack: messages in order, and forms that are open."""
        request = urllib.request.Request(f"{self.url}/_local/slack", headers={"Accept": "application/json"})  # noqa: S310 - our own port
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - our own port
            return json.load(answer)

    def quiet(self) -> bool:
        """Return whether nothing is in flight."""
        try:
            self.control("idle")
        except urllib.error.HTTPError:
            return False
        return True

    def calls(self, account_id: str, operation: str) -> int:
        """Return how often the functions of an account's stack have made a call."""
        counted = self.control("calls")["calls"]
        return sum(
            each["count"]
            for each in counted
            if each["account"] == account_id and each["operation"] == operation and _is_ours(each["role"])
        )

    def denied(self, *people: Person) -> list[dict[str, Any]]:
        """List what the functions' roles in these people's accounts were denied: others' tests may deny on purpose."""
        accounts = {person.account_id for person in people}
        counted = [each for each in self.control("calls")["calls"] if each["account"] in accounts]
        codes = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
        return [each for each in counted if _is_ours(each["role"]) and codes & set(each["errors"])]


def _is_ours(role: str | None) -> bool:
    return role is not None and role.startswith("drawbridge-")


@pytest.fixture(scope="session")
def world(local_aws: LocalAws) -> World:
    return World(local_aws.url)


@pytest.fixture(scope="session")
def permissions(tmp_path_factory: pytest.TempPathFactory) -> Permissions:
    """What the roles of stacks did, of all files of tests, whichever worker runs them."""
    base = tmp_path_factory.getbasetemp()
    return Permissions((base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "permissions")


@pytest.fixture(scope="module")
def deployed(world: World, permissions: Permissions, request: pytest.FixtureRequest) -> Iterator[Callable[..., Person]]:
    """Deploy the stack in an account, and return a person there; it works until the module is through.

    Nobody is asked in Slack unless a channel is given: what policies would ask about is held. It sweeps as often as it
    does by default on AWS: sweeps are most of the calls that tests make.
    """
    people: list[Person] = []

    def deploy_in(account_id: str, **parameters: str) -> Person:
        deploy_stack(account_id, parameters={"SlackChannel": "", "LookEvery": "rate(5 minutes)", **parameters})
        people.append(world.person(account_id))
        return people[-1]

    yield deploy_in
    bring_to_rest(people)
    permissions.note(request.path.name, people)


@pytest.fixture(scope="module")
def deployed_for(deployed: Callable[..., Person]) -> Callable[..., Person]:
    """Deploy the stack as ``deployed`` does, in another account for each group of a module's tests.

    Every sweep of an account goes over all that rests there, and each new account starts all functions anew.
    """
    made: dict[str, Person] = {}

    def deploy_for(group: str, first_account: int, prepare: Callable[[Person], object], **parameters: str) -> Person:
        """Deploy in an account from the first one on, unless it is for this group; one group comes after the other."""
        if group not in made:
            bring_to_rest(made.values())
            made[group] = deployed(str(first_account + len(made)), **parameters)
            prepare(made[group])
        return made[group]

    return deploy_for


def bring_to_rest(people: Iterable[Person]) -> None:
    """Let the stacks in these people's accounts begin nothing more, and wait until nothing is in flight.

    They would sweep, retry and look again for ever, on the clock and among the work that other tests wait for.
    """
    for person in people:
        _stop(person)
    assert fast_forward(PATIENCE, until=lambda: not in_flight()), in_flight()


def _stop(person: Person) -> None:
    """Delete schedules and mappings, disable rules, and stop executions."""
    person.stop_sweeping()
    functions, events, states = person.client("lambda"), person.client("events"), person.client("stepfunctions")
    for mapping in _listed(functions, "list_event_source_mappings", "EventSourceMappings"):
        functions.delete_event_source_mapping(UUID=mapping["UUID"])
    for rule in _listed(events, "list_rules", "Rules"):
        events.disable_rule(Name=rule["Name"])
    for machine in _listed(states, "list_state_machines", "stateMachines"):
        arn = machine["stateMachineArn"]
        for execution in _listed(states, "list_executions", "executions", stateMachineArn=arn, statusFilter="RUNNING"):
            states.stop_execution(executionArn=execution["executionArn"], cause="the tests that started it are through")


def _listed(client: Any, operation: str, key: str, **arguments: str) -> list[Any]:
    """List all there is before anything of it is changed."""
    return [each for page in client.get_paginator(operation).paginate(**arguments) for each in page[key]]


Policy = Callable[[Person, str, str], None]


@pytest.fixture
def policy() -> Iterator[Policy]:
    """Write policies that are deleted after the test. Each needs a new name: a deleted one is taken for a while."""
    written: list[tuple[Person, str]] = []

    def write(person: Person, name: str, cedar: str) -> None:
        path = f"/drawbridge/config/policies/{name}"
        person.client("ssm").put_parameter(Name=path, Type="String", Value=cedar, Overwrite=True)
        written.append((person, path))

    yield write
    for person, path in dict.fromkeys(written):
        person.client("ssm").delete_parameter(Name=path)


CommandLine = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def command_line(local_aws: LocalAws) -> CommandLine:
    """Run ``drawbridge`` as somebody of an account."""
    return run


_EVENTS: dict[str, object] = {
    "with events": {},
    "with events twice and out of order": {"seed": 7, "events": {"duplicate": 1.0, "reorder": True}},
    "by the schedule alone": {"events": {"drop": 1.0}},
}


@pytest.fixture(params=_EVENTS)
def events(request: pytest.FixtureRequest, world: World) -> Iterator[str]:
    """Run a test with events as they come, with each of them twice, and with every single one lost."""
    world.control("faults", _EVENTS[request.param])
    yield request.param
    world.control("faults", {})


def until(check: Callable[[], Any], what: Callable[[], str], patience: float = PATIENCE) -> Any:
    """Let time pass until ``check`` returns something; it is called whenever nothing is in flight."""
    found = None

    def so() -> bool:
        nonlocal found
        found = check()
        return bool(found)

    if not fast_forward(patience, until=so):
        raise AssertionError(f"still not so after {patience} s: {what()}")
    return found
