"""Policy files: found, named as their parameters, and checked as they are before they take effect."""

from pathlib import Path

import pytest

from drawbridge.errors import InvalidInputError
from drawbridge_cli.named_files import FileProblem
from drawbridge_cli.policy_files import check_files, find_files
from tests.builders import CONSUMER
from tests.cli.made import DEFAULTS, EVERYTHING, FORBID, PERMIT, PERMIT_PROVIDER, folder_of


def names(*paths: Path) -> list[str]:
    return [file.name for file in find_files(paths)]


def problems(folder: Path, *, everything_may_be_permitted: bool = False) -> list[str]:
    """Return the problems as the command reports them, by file in the folder."""
    checked = check_files(find_files([folder]), everything_may_be_permitted=everything_may_be_permitted)
    return [str(problem).removeprefix(f"{folder}/") for problem in checked.problems]


def test_a_folder_holds_its_cedar_files_and_those_below_it(tmp_path: Path) -> None:
    folder_of(tmp_path, {"b": PERMIT, "a": PERMIT})
    folder_of(tmp_path / "below", {"c": PERMIT})
    (tmp_path / "README.md").write_text("no policy")

    assert names(tmp_path) == ["a", "b", "c"]


def test_a_file_is_a_policy_whatever_it_ends_in(tmp_path: Path) -> None:
    (tmp_path / "let-in.txt").write_text(PERMIT)

    (file,) = find_files([tmp_path / "let-in.txt"])

    assert (file.name, file.text) == ("let-in", PERMIT)


def test_a_file_that_is_named_twice_is_one(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": PERMIT})

    assert names(tmp_path, tmp_path / "a.cedar", tmp_path / ".." / tmp_path.name) == ["a"]


def test_a_path_that_is_not_there_is_reported(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"nowhere: No such file or directory$"):
        find_files([tmp_path / "nowhere"])


def test_a_folder_without_policies_is_reported(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("no policy")

    with pytest.raises(InvalidInputError, match=r": no file in it ends in \.cedar$"):
        find_files([tmp_path])


def test_what_is_no_text_is_reported_by_its_own_name(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": PERMIT})
    (tmp_path / "latin.cedar").write_bytes("// für\n".encode("latin-1"))

    with pytest.raises(InvalidInputError, match=r"latin\.cedar: not UTF-8"):
        find_files([tmp_path])


def test_a_byte_order_mark_is_no_part_of_a_policy(tmp_path: Path) -> None:
    (tmp_path / "a.cedar").write_bytes(b"\xef\xbb\xbf" + PERMIT.encode())

    (file,) = find_files([tmp_path])

    assert file.text == PERMIT


def test_good_files_are_policies(tmp_path: Path) -> None:
    checked = check_files(find_files([Path(folder_of(tmp_path, {"a": PERMIT, "b": FORBID}))]))

    assert checked.problems == ()
    assert [(policy.name, policy.text) for policy in checked.policies] == [("a", PERMIT), ("b", FORBID)]


def test_the_default_policies_are_good_together(tmp_path: Path) -> None:
    folder_of(tmp_path, DEFAULTS)

    assert problems(tmp_path) == []


def test_two_files_of_one_name_are_one_too_many(tmp_path: Path) -> None:
    folder_of(tmp_path / "one", {"same": PERMIT})
    folder_of(tmp_path / "two", {"same": FORBID})

    assert problems(tmp_path) == [f"two/same.cedar: the name 'same' is taken by {tmp_path}/one/same.cedar"]


@pytest.mark.parametrize("name", ["let in", "-let-in", ".let-in", "für", "a" * 129, "let@in"])
def test_a_name_is_one_that_a_parameter_may_have(tmp_path: Path, name: str) -> None:
    folder_of(tmp_path, {name: PERMIT})

    (problem,) = problems(tmp_path)
    assert problem.startswith(f"{name}.cedar: the file's name is to be letters, digits, '-', '_' and '.'")


@pytest.mark.parametrize("name", ["let-in", "2nd", "a.b_c", "A" * 128])
def test_a_name_may_be_any_that_a_parameter_may_have(tmp_path: Path, name: str) -> None:
    folder_of(tmp_path, {name: PERMIT})

    assert problems(tmp_path) == []


def test_what_parameter_store_takes_for_a_reference_is_reported_with_its_line(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": f"// one\n\n// {{{{ssm:x}}}}\n{PERMIT}"})

    assert problems(tmp_path) == ["a.cedar:3: Parameter Store refuses '{{'; put a space between"]


def test_what_parameter_store_has_no_room_for_is_reported(tmp_path: Path) -> None:
    folder_of(tmp_path, {"long": f"// {'x' * 8192}\n{PERMIT}", "umlauts": f"// {'ü' * 4096}\n{PERMIT}"})

    first, second = problems(tmp_path)

    assert first.startswith("long.cedar: ")
    assert first.endswith(", 8192 at most")
    assert second.startswith("umlauts.cedar: ")
    assert second.endswith(", 8192 at most")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("permit(principal, action,", 1, "unexpected end"),
        (f"// a comment; of two\n{PERMIT}\n\npermit(everybody);", 4, ""),
        (f'{PERMIT}\n@id("x")\npermit(principal, action, resource)\nwhen {{ principal.shoes == 1 }};', 2, "shoes"),
        (f'{PERMIT}\n\n@id("a")\n{FORBID}', 3, "two statements have the id 'a'"),
        ("// nothing", None, "no statement in it"),
        ("", None, "no statement in it"),
    ],
)
def test_what_is_wrong_with_a_policy_is_reported_with_its_line(
    tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    folder_of(tmp_path, {"a": text})

    (problem,) = check_files(find_files([tmp_path])).problems

    assert (problem.name, problem.line) == ("a", line)
    assert message in problem.message


def test_every_bad_file_is_reported_and_the_good_ones_are_given(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": "permit(", "b": PERMIT, "c": "forbid("})

    checked = check_files(find_files([tmp_path]))

    assert [problem.name for problem in checked.problems] == ["a", "c"]
    assert [policy.name for policy in checked.policies] == ["b"]


def test_two_policies_that_use_one_id_are_both_reported(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": f'@id("x") {PERMIT}', "b": f'@id("x") {PERMIT_PROVIDER}'})

    first, second = problems(tmp_path)

    assert first.startswith("a.cedar: policy a: the id 'x' is taken by a statement of policy b")
    assert second.startswith("b.cedar: policy b: the id 'x' is taken by a statement of policy a")


def test_policies_that_let_everything_in_are_refused_unless_it_is_meant(tmp_path: Path) -> None:
    folder_of(tmp_path, {"all": EVERYTHING, "one": PERMIT})

    (problem,) = problems(tmp_path)

    assert problem.startswith("all.cedar: policy all: lets every account in")
    assert problems(tmp_path, everything_may_be_permitted=True) == []


def test_everything_with_a_forbid_is_not_everything(tmp_path: Path) -> None:
    forbid_connections = "forbid(principal, action, resource is EndpointService) unless { principal has consumer };"
    folder_of(tmp_path, {"all": EVERYTHING, "but": forbid_connections})

    assert problems(tmp_path) == []


def test_everything_in_two_halves_is_everything(tmp_path: Path) -> None:
    halves = {
        kind: EVERYTHING.replace("resource)", f"resource is {kind})") for kind in ("EndpointService", "ResourceShare")
    }
    folder_of(tmp_path, halves)

    assert [problem.partition(".")[0] for problem in problems(tmp_path)] == ["EndpointService", "ResourceShare"]


def test_a_problem_is_written_as_compilers_write_theirs() -> None:
    with_line = FileProblem(path="policies/a.cedar", name="a", message="unexpected end of input", line=3)
    without = FileProblem(path="policies/a.cedar", name="a", message="no statement in it")

    assert str(with_line) == "policies/a.cedar:3: unexpected end of input"
    assert str(without) == "policies/a.cedar: no statement in it"


def test_a_policy_of_one_account_is_not_everything(tmp_path: Path) -> None:
    folder_of(tmp_path, {"own": f'permit(principal == Account::"{CONSUMER}", action, resource);'})

    assert problems(tmp_path) == []


def test_whether_everything_is_let_in_is_not_asked_before_all_files_are_good(tmp_path: Path) -> None:
    folder_of(tmp_path, {"all": EVERYTHING, "bad": "permit("})

    (problem,) = problems(tmp_path)

    assert problem.startswith("bad.cedar:1: ")


def test_an_id_that_two_files_have_is_told_beside_what_is_wrong_with_others(tmp_path: Path) -> None:
    folder_of(tmp_path, {"a": f'@id("x") {PERMIT}', "b": f'@id("x") {PERMIT}', "c": "permit("})

    assert [each.partition(":")[0] for each in problems(tmp_path)] == ["c.cedar", "a.cedar", "b.cedar"]
