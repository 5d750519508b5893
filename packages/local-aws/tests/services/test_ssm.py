"""Parameter Store on the local AWS: checks that moto lacks, and the event of each change."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local_aws_tests.accounts import Heard, Person, hearing, person, refusal


def put(owner: Person, name: str = "/app/name", **params: Any) -> dict[str, Any]:
    request = {"Name": name, "Value": "db.example.com", "Type": "String", **params}
    answer: dict[str, Any] = owner.client("ssm").put_parameter(**request)
    return answer


@pytest.fixture(autouse=True)
def events() -> Iterator[list[Heard]]:
    with hearing() as heard:
        yield heard


def changes(events: list[Heard]) -> list[tuple[str, str]]:
    return [(event.detail["operation"], event.detail["name"]) for event in events if event.source == "aws.ssm"]


def test_every_change_is_an_event(events: list[Heard]) -> None:
    someone = person()

    put(someone)
    put(someone, Overwrite=True)
    someone.client("ssm").delete_parameter(Name="/app/name")
    put(someone, "plain")
    someone.client("ssm").delete_parameters(Names=["plain", "nothing"])

    assert changes(events) == [
        ("Create", "/app/name"),
        ("Update", "/app/name"),
        ("Delete", "/app/name"),
        ("Create", "plain"),
        ("Delete", "plain"),
    ]
    assert {event.account_id for event in events} == {someone.account_id}
    assert events[0].detail_type == "Parameter Store Change"
    assert events[0].detail["type"] == "String"


def test_a_refused_change_makes_no_event(events: list[Heard]) -> None:
    someone = person()
    put(someone)

    code = refusal(lambda: put(someone))

    assert code == "ParameterAlreadyExists"
    assert len(events) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"Value": "x" * 4097},
        {"Value": "é" * 2049},
        {"Value": "{{ssm:other}}"},
        {"Tags": [{"Key": "a", "Value": "b"}], "Overwrite": True},
        {"Name": "app/name"},
        {"Name": "/app//name"},
        {"Name": "/app/a name"},
        {"Name": "/app/"},
        {"Name": "/ssm/name"},
        {"Value": "x" * 8193, "Tier": "Advanced"},
    ],
)
def test_invalid_parameters_are_refused(wrong: dict[str, Any]) -> None:
    """Trap 20."""
    someone = person()

    code = refusal(lambda: put(someone, **{"name": "/app/name", **_name(wrong)}))

    assert code == "ValidationException"


def test_a_hierarchy_has_fifteen_levels() -> None:
    someone = person()

    put(someone, "/a" * 15)

    assert refusal(lambda: put(someone, "/a" * 16)) == "HierarchyLevelLimitExceededException"


def test_a_parameter_keeps_its_type_and_does_not_come_down_from_the_advanced_tier() -> None:
    someone = person()
    put(someone, Tier="Advanced", Value="x" * 5000)

    assert refusal(lambda: put(someone, Type="SecureString", Overwrite=True)) == "HierarchyTypeMismatchException"
    assert refusal(lambda: put(someone, Tier="Standard", Overwrite=True)) == "ValidationException"
    assert put(someone, Overwrite=True)["Version"] == 2


def _name(wrong: dict[str, Any]) -> dict[str, Any]:
    return {"name" if key == "Name" else key: value for key, value in wrong.items()}
