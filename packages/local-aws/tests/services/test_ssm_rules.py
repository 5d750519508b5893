"""Parameter Store on the local AWS: reused names, versions, tiers, pages, and other accounts' parameters."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from unittest import mock

import pytest
from moto.ssm.models import SimpleSystemManagerBackend, ssm_backends

from local_aws.moto_extension import pages
from local_aws.services.quotas import lowered
from local_aws_tests.accounts import REGION, Heard, Person, hearing, person, refusal
from local_aws_tests.sharing import pass_time

NAME = "/app/name"


@pytest.fixture(autouse=True)
def events() -> Iterator[list[Heard]]:
    with hearing() as heard:
        yield heard


def put(owner: Person, name: str = NAME, **params: Any) -> dict[str, Any]:
    request = {"Name": name, "Value": "db.example.com", "Type": "String", **params}
    answer: dict[str, Any] = owner.client("ssm").put_parameter(**request)
    return answer


def value(owner: Person, name: str = NAME) -> str:
    return str(owner.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def test_a_deleted_name_is_not_free_for_thirty_seconds() -> None:
    """Trap 20."""
    someone = person()
    put(someone)
    someone.client("ssm").delete_parameter(Name=NAME)

    at_once = refusal(lambda: put(someone))
    by_force = refusal(lambda: put(someone, Overwrite=True))
    pass_time(31)

    assert (at_once, by_force) == ("ParameterAlreadyExists", "TooManyUpdates")
    assert refusal(lambda: value(someone)) == "ParameterNotFound"
    assert put(someone)["Version"] == 1


def test_tags_go_with_the_first_write_alone() -> None:
    """Trap 20."""
    someone = person()
    tags = [{"Key": "team", "Value": "orders"}]

    put(someone, Tags=tags)
    code = refusal(lambda: put(someone, Tags=tags, Overwrite=True))

    kept = someone.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=NAME)["TagList"]
    assert code == "ValidationException"
    assert kept == tags


def test_every_overwrite_is_a_version_and_an_event_even_with_the_same_value(events: list[Heard]) -> None:
    """Trap 20."""
    someone = person()
    put(someone)

    versions = [put(someone, Overwrite=True)["Version"] for _ in range(2)]

    assert versions == [2, 3]
    assert [event.detail["operation"] for event in events] == ["Create", "Update", "Update"]


def test_a_hundred_versions_are_kept_unless_the_oldest_has_a_label() -> None:
    """Trap 20."""
    someone = person()
    ssm = someone.client("ssm")
    put(someone)
    ssm.label_parameter_version(Name=NAME, ParameterVersion=1, Labels=["first"])
    for _ in range(99):
        put(someone, Overwrite=True)

    code = refusal(lambda: put(someone, Overwrite=True))
    ssm.label_parameter_version(Name=NAME, ParameterVersion=2, Labels=["first"])
    newest = put(someone, Overwrite=True)["Version"]

    pages = ssm.get_paginator("get_parameter_history").paginate(Name=NAME)
    versions = [each["Version"] for page in pages for each in page["Parameters"]]
    assert code == "ParameterMaxVersionLimitExceeded"
    assert (newest, min(versions), len(versions)) == (101, 2, 100)


def test_the_tier_goes_up_alone_and_as_far_as_the_value_needs() -> None:
    """Trap 20."""
    someone = person()

    small = put(someone, Tier="Intelligent-Tiering")["Tier"]
    large = put(someone, Tier="Intelligent-Tiering", Overwrite=True, Value="x" * 5000)["Tier"]
    small_again = put(someone, Tier="Intelligent-Tiering", Overwrite=True)["Tier"]

    assert (small, large, small_again) == ("Standard", "Advanced", "Advanced")
    assert refusal(lambda: put(someone, Tier="Standard", Overwrite=True)) == "ValidationException"
    assert refusal(lambda: put(someone, "/other", Value="x" * 5000)) == "ValidationException"


def test_a_listing_by_path_has_ten_at_most_and_may_begin_with_nothing_but_a_token() -> None:
    """Trap 8."""
    someone = person()
    ssm = someone.client("ssm")
    for number in range(12):
        put(someone, f"/app/{number}")
    request = {"Path": "/app", "Recursive": True}

    with mock.patch.object(pages, "empty_pages", 1.0):
        first = ssm.get_parameters_by_path(**request)
        second = ssm.get_parameters_by_path(**request, NextToken=first["NextToken"])
        third = ssm.get_parameters_by_path(**request, NextToken=second["NextToken"])

    assert [len(page["Parameters"]) for page in (first, second, third)] == [0, 10, 2]
    assert "NextToken" not in third
    assert refusal(lambda: ssm.get_parameters_by_path(**request, MaxResults=11)) == "ValidationException"
    assert refusal(lambda: ssm.get_parameters_by_path(**request, NextToken="x")) == "InvalidNextToken"
    assert refusal(lambda: ssm.get_parameters_by_path(Path="app")) == "ValidationException"


def test_unknown_names_do_not_affect_the_others() -> None:
    someone = person()
    put(someone)

    answer = someone.client("ssm").get_parameters(Names=[NAME, "/nothing"])

    assert [each["Name"] for each in answer["Parameters"]] == [NAME]
    assert answer["InvalidParameters"] == ["/nothing"]


def test_another_accounts_parameter_cannot_be_read_by_its_arn() -> None:
    owner, other = person(), person()
    put(owner)
    arn = f"arn:aws:ssm:{REGION}:{owner.account_id}:parameter{NAME}"

    assert value(owner, arn) == "db.example.com"
    assert refusal(lambda: value(other, arn)) == "ParameterNotFound"


@pytest.mark.parametrize("name", ["/aws/name", "ssmname", "AWSname", "/SSM/name"])
def test_names_that_are_awss_own_are_refused(name: str) -> None:
    someone = person()

    assert refusal(lambda: put(someone, name)) in {"ValidationException", "AccessDeniedException"}


def test_a_value_fits_the_pattern_that_its_parameter_was_made_with() -> None:
    someone = person()
    put(someone, AllowedPattern=r"[a-z.]+")

    assert refusal(lambda: put(someone, Value="UPPER", Overwrite=True)) == "ParameterPatternMismatchException"
    assert refusal(lambda: put(someone, "/other", AllowedPattern="[")) == "InvalidAllowedPatternException"


def test_an_account_has_room_for_ten_thousand_standard_parameters() -> None:
    someone = person()
    put(someone)

    with lowered(standard_parameters=1):
        code = refusal(lambda: put(someone, "/other"))
        put(someone, Overwrite=True)
        put(someone, "/advanced", Tier="Advanced")

    assert code == "ParameterLimitExceeded"


def test_motos_store_of_parameters_has_the_expected_form() -> None:
    someone = person()
    put(someone)

    backend = ssm_backends[someone.account_id][REGION]

    assert isinstance(backend, SimpleSystemManagerBackend)
    assert NAME in backend._parameters
