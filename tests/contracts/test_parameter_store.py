"""Parameter Store, as the adapters promise to read and write it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from unittest import mock

import pytest
from botocore.exceptions import ClientError

from drawbridge.aws.configuration_parameters import ConfigurationParameters
from drawbridge.aws.parameter_store import PublishedParameters
from drawbridge.configuration import ConfigurationParameter
from drawbridge.errors import AccessDeniedError, QuotaExceededError, ThrottledError
from drawbridge.publication.parameters import ObservedParameter
from local_aws_tests.sharing import pass_time
from tests.builders import NOW
from tests.contracts.accounts import Account, answering, refusing

NAME = "/drawbridge/connections/orders/db/dns-name"
DENIED: Any = {"Error": {"Code": "AccessDeniedException", "Message": "no"}}


def configuration_of(account: Account) -> ConfigurationParameters:
    return ConfigurationParameters(account.client("ssm"), prefix="drawbridge")


def names_of(account: Account, owner: str = "drawbridge") -> PublishedParameters:
    return PublishedParameters(account.client("ssm"), owner=owner)


def put(account: Account, name: str, value: str = "text", **options: Any) -> None:
    account.client("ssm").put_parameter(**{"Name": name, "Value": value, "Type": "String", **options})


def tags(account: Account, name: str = NAME) -> dict[str, str]:
    listed = account.client("ssm").list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    return {tag["Key"]: tag["Value"] for tag in listed}


def read(parameters: list[ConfigurationParameter]) -> list[tuple[str, str, int]]:
    return [(each.name, each.value, each.version) for each in parameters]


def version(account: Account, name: str = NAME) -> int:
    return int(account.client("ssm").get_parameter(Name=name)["Parameter"]["Version"])


def test_trap_8_all_that_is_configured_is_read_page_after_page(account: Account) -> None:
    for number in range(23):
        put(account, f"/drawbridge/config/policies/policy-{number:02}", f"text {number}")

    found = configuration_of(account).below("policies")

    assert sorted(read(found)) == [(f"policy-{number:02}", f"text {number}", 1) for number in range(23)]


def test_trap_8_an_empty_page_of_parameters_is_not_the_last(account: Account) -> None:
    parameter = {"Name": "/drawbridge/config/policies/a", "Value": "text", "Version": 3, "LastModifiedDate": NOW}
    answers: list[dict[str, Any]] = [{"Parameters": [], "NextToken": "on"}, {"Parameters": [parameter]}]

    with answering(account.client("ssm"), "get_parameters_by_path", *answers):
        assert configuration_of(account).below("policies") == [ConfigurationParameter("a", "text", 3, NOW)]


def test_only_what_is_below_the_path_is_read(account: Account) -> None:
    for name in ("policies/a", "policies/deep/b", "policies-old/c", "bindings/d", "policies"):
        put(account, f"/drawbridge/config/{name}")
    put(account, "/other/config/policies/e")

    found = configuration_of(account).below("policies")

    assert {each.name for each in found} == {"a", "deep/b"}
    assert configuration_of(account).below("nothing") == []


def test_nothing_configured_is_decrypted(account: Account) -> None:
    for text in ("first", "second"):
        put(account, "/drawbridge/config/policies/a", text, Type="SecureString", Overwrite=True)
    configuration = configuration_of(account)

    found = [*configuration.below("policies"), *configuration.earlier("policies", "a", than=2)]

    assert [(each.name, each.version) for each in found] == [("a", 2), ("a", 1)]
    assert not {"first", "second"} & {each.value for each in found}


def test_earlier_versions_are_returned_from_the_newest_on_by_their_numbers(account: Account) -> None:
    for number in range(60):
        put(account, "/drawbridge/config/policies/a", f"text {number}", Overwrite=True)
    configuration = configuration_of(account)

    before_the_last = configuration.earlier("policies", "a", than=60)
    before_some = configuration.earlier("policies", "a", than=31)

    # A page of the history is 50.
    assert read(before_the_last) == [("a", f"text {number - 1}", number) for number in range(59, 0, -1)]
    assert before_some == before_the_last[-30:]


def test_each_version_is_returned_with_when_it_was_written(account: Account) -> None:
    put(account, "/drawbridge/config/policies/a", "first")
    pass_time(60)
    put(account, "/drawbridge/config/policies/a", "second", Overwrite=True)
    configuration = configuration_of(account)

    (newest,), (earlier,) = configuration.below("policies"), configuration.earlier("policies", "a", than=2)

    assert newest.modified - earlier.modified >= timedelta(seconds=60)


def test_a_parameter_of_one_version_has_no_earlier_one(account: Account) -> None:
    put(account, "/drawbridge/config/policies/a")

    assert configuration_of(account).earlier("policies", "a", than=1) == []


def test_the_history_before_a_version_is_read_once(account: Account) -> None:
    configuration = configuration_of(account)
    versions = [
        {"Name": "/drawbridge/config/policies/a", "Value": f"text {n}", "Version": n, "LastModifiedDate": NOW}
        for n in (1, 2, 3)
    ]

    with answering(account.client("ssm"), "get_parameter_history", {"Parameters": versions}, {"Parameters": versions}):
        found = [configuration.earlier("policies", "a", than=2) for _ in range(3)]
        later = configuration.earlier("policies", "a", than=3)

    assert found == [[ConfigurationParameter("a", "text 1", 1, NOW)]] * 3
    assert later == [ConfigurationParameter("a", "text 2", 2, NOW), ConfigurationParameter("a", "text 1", 1, NOW)]


def test_a_history_that_could_not_be_read_is_read_again(account: Account) -> None:
    put(account, "/drawbridge/config/policies/a", "first")
    configuration = configuration_of(account)

    with (
        refusing(account.client("ssm"), "get_parameter_history", "ThrottlingException"),
        pytest.raises(ThrottledError, match="/drawbridge/config/policies/a"),
    ):
        configuration.earlier("policies", "a", than=2)

    assert read(configuration.earlier("policies", "a", than=2)) == [("a", "first", 1)]


def test_a_name_that_is_not_published_is_not_there(account: Account) -> None:
    assert names_of(account).read(NAME) is None


def test_trap_20_what_is_created_is_tagged_with_its_first_write(account: Account) -> None:
    created = names_of(account).create(NAME, "db.example.com", subject="arn:resource")

    assert created
    assert version(account) == 1
    assert tags(account) == {"drawbridge:owner": "drawbridge", "drawbridge:subject": "arn:resource"}
    assert names_of(account).read(NAME) == ObservedParameter(value="db.example.com", subject="arn:resource")


def test_what_is_there_is_not_created_over(account: Account) -> None:
    put(account, NAME, "theirs")

    assert not names_of(account).create(NAME, "ours", subject="arn:resource")
    assert names_of(account).read(NAME) == ObservedParameter(value="theirs", subject="")
    assert tags(account) == {}


@pytest.mark.parametrize(
    "carried",
    [
        {},
        {"drawbridge:subject": "arn:resource"},
        {"drawbridge:owner": "another", "drawbridge:subject": "arn:resource"},
        {"drawbridge:owner": "Drawbridge", "drawbridge:subject": "arn:resource"},
        {"owner": "drawbridge", "drawbridge:subject": "arn:resource"},
    ],
)
def test_what_does_not_carry_our_tag_is_not_ours(account: Account, carried: dict[str, str]) -> None:
    put(account, NAME, Tags=[{"Key": key, "Value": value} for key, value in carried.items()])

    assert names_of(account).read(NAME) == ObservedParameter(value="text", subject="")


def test_trap_20_what_is_ours_is_overwritten_and_tagged_for_its_new_subject(account: Account) -> None:
    names = names_of(account)
    names.create(NAME, "old.example.com", subject="arn:old")

    names.overwrite(NAME, "new.example.com", subject="arn:new")

    assert names.read(NAME) == ObservedParameter(value="new.example.com", subject="arn:new")
    assert version(account) == 2
    assert tags(account) == {"drawbridge:owner": "drawbridge", "drawbridge:subject": "arn:new"}


def test_a_write_that_breaks_off_before_its_tag_leaves_the_old_subject(account: Account) -> None:
    names = names_of(account)
    names.create(NAME, "old.example.com", subject="arn:old")
    ssm = account.client("ssm")

    with answering(ssm, "put_parameter", {"Version": 2}) as stubber:
        stubber.add_client_error("add_tags_to_resource", "TooManyUpdates")
        with pytest.raises(ThrottledError):
            names.overwrite(NAME, "new.example.com", subject="arn:new")

    assert names.read(NAME) == ObservedParameter(value="old.example.com", subject="arn:old")


def test_a_parameter_that_is_deleted_between_value_and_tags_is_not_there(account: Account) -> None:
    there = {"Parameters": [{"Name": NAME, "Value": "text"}]}

    with answering(account.client("ssm"), "get_parameters", there) as stubber:
        stubber.add_client_error("list_tags_for_resource", "InvalidResourceId")
        assert names_of(account).read(NAME) is None


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("ThrottlingException", ThrottledError),
        ("TooManyUpdates", ThrottledError),
        ("ParameterLimitExceeded", QuotaExceededError),
        ("ParameterMaxVersionLimitExceeded", QuotaExceededError),
    ],
)
def test_trap_20_a_write_that_is_refused_is_an_error(account: Account, code: str, error: type[Exception]) -> None:
    with refusing(account.client("ssm"), "put_parameter", code), pytest.raises(error, match=NAME):
        names_of(account).create(NAME, "text", subject="arn:resource")


def test_what_is_configured_can_be_written_changed_and_removed(account: Account) -> None:
    configuration = configuration_of(account)

    configuration.write("policies", "mine", "first")
    configuration.write("policies", "mine", "second")
    written = read(configuration.below("policies"))
    removed = [[*configuration.remove("policies", ["mine"])] for _ in range(2)]

    assert written == [("mine", "second", 2)]
    assert removed == [["mine"], ["mine"]]
    assert configuration.below("policies") == []


def test_what_is_too_long_for_the_standard_tier_is_written_all_the_same(account: Account) -> None:
    configuration = configuration_of(account)

    configuration.write("policies", "long", "x" * 8000)

    (found,) = configuration.below("policies")
    assert len(found.value) == 8000


def test_a_configuration_that_may_not_be_written_or_removed_is_denied(account: Account) -> None:
    configuration = configuration_of(account)

    with refusing(account.client("ssm"), "put_parameter", "AccessDeniedException"), pytest.raises(AccessDeniedError):
        configuration.write("policies", "mine", "text")
    with refusing(account.client("ssm"), "delete_parameters", "ThrottlingException"), pytest.raises(ThrottledError):
        [*configuration.remove("policies", ["mine"])]


def test_trap_8_all_that_is_published_below_a_path_is_listed_page_after_page(account: Account) -> None:
    names = names_of(account)
    for number in range(13):
        names.create(f"/drawbridge/connections/orders/db-{number:02}/connection", f"{number}", subject="arn:resource")
    put(account, "/drawbridge/connections/orders-2/db/connection")
    put(account, "/drawbridge/connections/orders")

    found = sorted(names.below("/drawbridge/connections/orders"))

    assert found == [(f"/drawbridge/connections/orders/db-{n:02}/connection", f"{n}") for n in range(13)]
    assert [*names.below("/drawbridge/connections/nothing")] == []


def test_what_is_ours_and_of_the_subject_is_removed(account: Account) -> None:
    names = names_of(account)
    names.create(NAME, "db.example.com", subject="arn:resource")

    for _ in range(2):
        assert names.remove_all({NAME: "arn:resource"}) == {}

    assert names.read(NAME) is None


@pytest.mark.parametrize(
    "carried",
    [
        {},
        {"drawbridge:subject": "arn:resource"},
        {"drawbridge:owner": "another", "drawbridge:subject": "arn:resource"},
        {"drawbridge:owner": "drawbridge", "drawbridge:subject": "arn:other"},
        {"drawbridge:owner": "drawbridge"},
    ],
)
def test_what_is_not_ours_or_of_another_subject_is_not_removed(account: Account, carried: dict[str, str]) -> None:
    put(account, NAME, Tags=[{"Key": key, "Value": value} for key, value in carried.items()])

    assert names_of(account).remove_all({NAME: "arn:resource"}) == {}
    assert names_of(account).remove_all({NAME: ""}) == {}

    assert version(account) == 1


def test_what_is_deleted_by_others_at_the_same_time_is_gone(account: Account) -> None:
    there = {"Parameters": [{"Name": NAME, "Value": "text"}]}
    ours = [{"Key": "drawbridge:owner", "Value": "drawbridge"}, {"Key": "drawbridge:subject", "Value": "arn:resource"}]

    with answering(account.client("ssm"), "get_parameters", there) as stubber:
        stubber.add_response("list_tags_for_resource", {"TagList": ours})
        stubber.add_response("delete_parameters", {"InvalidParameters": [NAME]})
        assert names_of(account).remove_all({NAME: "arn:resource"}) == {}


def test_the_values_of_all_that_is_there_are_returned_however_many_are_asked_for(account: Account) -> None:
    names = [f"/drawbridge/connections/orders/{number:02}/dns-name" for number in range(23)]
    for name in names[:21]:
        put(account, name, f"value of {name}")

    # Ten at most are asked for at once.
    found = names_of(account).published([*names, names[0]])

    assert found == {name: f"value of {name}" for name in names[:21]}
    assert names_of(account).published(()) == {}


def test_a_name_that_another_one_begins_with_is_not_taken_for_it(account: Account) -> None:
    put(account, f"{NAME}-b")

    assert names_of(account).published([NAME]) == {}


@pytest.mark.parametrize(
    ("code", "error"), [("AccessDeniedException", AccessDeniedError), ("ThrottlingException", ThrottledError)]
)
def test_published_names_that_could_not_be_read_are_never_taken_for_none(
    account: Account, code: str, error: type[Exception]
) -> None:
    with refusing(account.client("ssm"), "get_parameters", code), pytest.raises(error):
        names_of(account).published([NAME])


def test_a_configuration_is_written_unless_aws_says_that_there_is_none(account: Account) -> None:
    put(account, "/drawbridge/config/bindings/orders")
    put(account, "/drawbridge/config/policies/users")
    configuration = configuration_of(account)

    assert configuration.is_written("bindings", "orders")
    assert not configuration.is_written("bindings", "users")
    assert not configuration.is_written("bindings", "order")
    for code, error in (("AccessDeniedException", AccessDeniedError), ("ThrottlingException", ThrottledError)):
        with refusing(account.client("ssm"), "get_parameter", code), pytest.raises(error):
            configuration.is_written("bindings", "users")


def test_a_configuration_is_written_although_the_listing_left_it_out(account: Account) -> None:
    put(account, "/drawbridge/config/bindings/orders")
    configuration = configuration_of(account)
    with answering(account.client("ssm"), "get_parameters_by_path", {"Parameters": []}):
        assert read(configuration.below("bindings")) == []

    assert configuration.is_written("bindings", "orders")


def test_what_others_removed_first_is_gone_although_the_role_s_condition_finds_no_tags_there(account: Account) -> None:
    ssm, names = account.client("ssm"), names_of(account)
    names.create(NAME, "value", subject="us")
    delete = ssm.delete_parameters

    def removed_by_others(**request: list[str]) -> None:
        delete(**request)
        raise ClientError(DENIED, "DeleteParameters")

    with mock.patch.object(ssm, "delete_parameters", removed_by_others):
        assert names.remove_all({NAME: "us"}) == {}

    assert names.read(NAME) is None


def test_a_removal_that_is_denied_of_what_is_there_is_an_error(account: Account) -> None:
    ssm, names = account.client("ssm"), names_of(account)
    names.create(NAME, "value", subject="us")

    with mock.patch.object(ssm, "delete_parameters", side_effect=ClientError(DENIED, "DeleteParameters")):
        failed = names.remove_all({NAME: "us"})

    assert [(name, type(error)) for name, error in failed.items()] == [(NAME, AccessDeniedError)]


def denying(ssm: Any, *denied: str) -> Any:
    """Have AWS deny removing what has a foreign tag: it denies the whole call then."""
    delete, asked = ssm.delete_parameters, []

    def answer(Names: list[str]) -> Any:  # noqa: N803 - as the SDK calls it
        asked.append(Names)
        if {*Names} & {*denied}:
            raise ClientError(DENIED, "DeleteParameters")
        return delete(Names=Names)

    return mock.patch.object(ssm, "delete_parameters", answer), asked


def test_many_are_removed_ten_in_a_call_in_their_order(account: Account) -> None:
    ssm, names = account.client("ssm"), names_of(account)
    subjects = {f"/drawbridge/connections/orders/{number:02}/dns-name": "us" for number in range(23)}
    for name in subjects:
        names.create(name, "value", subject="us")
    patched, asked = denying(ssm)

    with patched:
        assert names.remove_all(subjects) == {}

    assert [len(each) for each in asked] == [10, 10, 3]
    assert [name for each in asked for name in each] == [*subjects]
    assert names.published(subjects) == {}


def test_of_ten_that_are_denied_for_one_the_others_go_and_what_tells_of_it_stays(account: Account) -> None:
    ssm, names = account.client("ssm"), names_of(account)
    paths = [f"/drawbridge/connections/orders/{each}" for each in ("one", "two", "three")]
    subjects = {f"{path}/{last}": "us" for last in ("dns-name", "connection") for path in paths}
    for name in subjects:
        names.create(name, "value", subject="us")
    patched, _ = denying(ssm, f"{paths[1]}/dns-name")

    with patched:
        failed = names.remove_all(subjects)

    assert {name: type(error) for name, error in failed.items()} == {
        f"{paths[1]}/dns-name": AccessDeniedError,
        f"{paths[1]}/connection": AccessDeniedError,
    }
    assert names.published(subjects).keys() == failed.keys()


def test_of_a_configuration_of_which_one_may_not_be_removed_what_comes_before_it_is_and_is_said(
    account: Account,
) -> None:
    configuration = configuration_of(account)
    for name in ("a", "b", "c"):
        configuration.write("policies", name, "text")
    patched, _ = denying(account.client("ssm"), "/drawbridge/config/policies/b")
    removed: list[str] = []

    with patched, pytest.raises(AccessDeniedError):
        removed.extend(configuration.remove("policies", ["a", "b", "c"]))

    assert removed == ["a"]
    assert {each.name for each in configuration.below("policies")} == {"b", "c"}


def test_many_are_read_ten_in_a_call_with_the_tags_of_what_is_there_alone(account: Account) -> None:
    names = names_of(account)
    there = {f"/drawbridge/connections/orders/{number:02}/dns-name": f"{number}" for number in range(12)}
    for name, value in there.items():
        names.create(name, value, subject="us")
    ssm = account.client("ssm")
    with (
        mock.patch.object(ssm, "get_parameters", wraps=ssm.get_parameters) as read,
        mock.patch.object(ssm, "list_tags_for_resource", wraps=ssm.list_tags_for_resource) as tags,
    ):
        found = names.read_all([*there, *(f"{name}-not" for name in there)])

    assert found == {name: ObservedParameter(value=value, subject="us") for name, value in there.items()}
    assert (read.call_count, tags.call_count) == (3, 12)
