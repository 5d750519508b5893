"""Binding files: found, named as their parameters, and checked as they are before they take effect."""

from pathlib import Path

import pytest

from drawbridge.errors import InvalidInputError
from drawbridge_cli.binding_files import check_bindings, find_bindings
from drawbridge_cli.named_files import FileProblem
from tests.cli.operators import Drawbridge

GOOD = "match: {resource: orders-*}\nattach: {mode: resource-endpoint, vpc: vpc-0123456789abcdef0}\n"
JSON = '{"attach": {"mode": "resource-endpoint", "vpc": "vpc-0123456789abcdef0"}}'


def written(folder: Path, named: dict[str, str]) -> Path:
    """Write files in a folder, by their full names."""
    folder.mkdir(exist_ok=True)
    for name, text in named.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def problems(folder: Path) -> list[str]:
    """Return the problems as the command reports them, by file in the folder."""
    return [str(each).removeprefix(f"{folder}/") for each in check_bindings(find_bindings([folder])).problems]


def aliased(name: str, *, resource: str = "*", vpc: str = "vpc-0123456789abcdef0", zone: str = "Z0123456789") -> str:
    """Write a binding with a name of our own, on the fifth line."""
    return (
        f"match: {{resource: '{resource}'}}\nattach:\n  mode: resource-endpoint\n  vpc: {vpc}\n"
        f"  alias: {{zone: {zone}, name: '{name}'}}\n"
    )


def test_a_folder_holds_its_bindings_and_those_below_it(tmp_path: Path) -> None:
    written(tmp_path, {"b.yaml": GOOD, "a.json": JSON, "README.md": "no binding"})
    written(tmp_path / "below", {"c.yml": GOOD})

    assert [file.name for file in find_bindings([tmp_path])] == ["a", "b", "c"]


@pytest.mark.parametrize(("path", "message"), [("nowhere", "No such file or directory"), ("", "no file in it ends in")])
def test_a_path_without_bindings_is_reported(tmp_path: Path, path: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        find_bindings([tmp_path / path])


def test_what_is_no_text_is_reported(tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes("# für\n".encode("latin-1"))

    with pytest.raises(InvalidInputError, match=r"latin\.yaml: not UTF-8"):
        find_bindings([tmp_path])


def test_good_files_are_bindings(tmp_path: Path) -> None:
    checked = check_bindings(find_bindings([written(tmp_path, {"a.yaml": GOOD, "b.json": JSON})]))

    assert (checked.problems, [each.name for each in checked.bindings]) == ((), ["a", "b"])
    assert checked.texts == {"a": GOOD, "b": JSON}


def test_two_files_of_one_name_are_one_too_many(tmp_path: Path) -> None:
    written(tmp_path, {"same.json": JSON, "same.yaml": GOOD})

    assert problems(tmp_path) == [f"same.yaml: the name 'same' is taken by {tmp_path}/same.json"]


@pytest.mark.parametrize("name", ["or ders", "-orders", "für", "a" * 65])
def test_a_name_is_one_that_a_binding_may_have(tmp_path: Path, name: str) -> None:
    (problem,) = problems(written(tmp_path, {f"{name}.yaml": GOOD}))

    assert problem == f"{name}.yaml: a name is one level of letters, digits, '-', '_' and '.', 64 at most"


@pytest.mark.parametrize("filler", ["x" * 8192, "ü" * 4096])
def test_what_parameter_store_has_no_room_for_is_reported(tmp_path: Path, filler: str) -> None:
    (problem,) = problems(written(tmp_path, {"long.yaml": f"# {filler}\n{GOOD}"}))

    assert problem.startswith("long.yaml: ")
    assert problem.endswith(" bytes, 8192 at most")


def test_what_parameter_store_takes_for_a_reference_is_reported_with_its_line(tmp_path: Path) -> None:
    written(tmp_path, {"a.yaml": f"{GOOD}# {{{{ssm:x}}}}\n"})

    assert problems(tmp_path) == ["a.yaml:3: Parameter Store refuses '{{'; put a space between"]


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("attach: [", 1, "expected the node content"),
        ("match: {}\n", None, "missing required field `attach`"),
        ("attach:\n  mode: teleport\n", 2, "Invalid enum value 'teleport'"),
        ("attach:\n  mode: resource-endpoint\n", 1, "attach.vpc is missing"),
        (f"{GOOD}match2: x\n", 3, "unknown field `match2`"),
        (GOOD.replace("vpc-0123456789abcdef0", "vpc-x"), 2, "vpc"),
        (
            f"# a comment\n{GOOD[:-2]}, serviceNetwork: {{name: net}}}}\n",
            3,
            "attach.serviceNetwork goes with the other",
        ),
        ("", None, "Expected `object`"),
    ],
)
def test_what_is_wrong_with_a_binding_is_reported_with_its_line(
    tmp_path: Path, text: str, line: int | None, message: str
) -> None:
    (problem,) = check_bindings(find_bindings([written(tmp_path, {"a.yaml": text})])).problems

    assert (problem.name, problem.line) == ("a", line)
    assert message in problem.message


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (aliased("db.corp"), aliased("db.corp")),
        (aliased("{resource}.corp"), aliased("{resource}.corp")),
        (aliased("{resource}.corp", resource="orders-*"), aliased("orders-db.corp", resource="x")),
        (aliased("{resource}.corp", resource="ORDERS-?b"), aliased("{resource}.corp", resource="*-[a-d]b")),
        (aliased("{vpc}.corp", vpc="{tag: {a: b}}"), aliased("{vpc}.corp")),
        (aliased("{resource}-{vpc}.corp"), aliased("x-{resource}.corp")),
    ],
)
def test_two_that_can_claim_one_name_are_reported(tmp_path: Path, first: str, second: str) -> None:
    (problem,) = problems(written(tmp_path, {"a.yaml": first, "b.yaml": second}))

    assert problem.startswith("b.yaml:5: its alias ")
    assert problem.endswith(" of a")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (aliased("db.corp"), aliased("db.corp", zone="Z9876543210")),
        (aliased("{resource}.corp", resource="orders-*"), aliased("{resource}.corp", resource="billing-*")),
        (aliased("{resource}.corp"), aliased("{resource}.db.corp")),
        (aliased("{resource}.corp"), aliased("a.b.corp")),
        (aliased("{vpc}.corp"), aliased("{vpc}.corp", vpc="vpc-0123456789abcdef1")),
        (aliased("db.corp"), GOOD),
    ],
)
def test_two_that_can_not_claim_one_name_are_good(tmp_path: Path, first: str, second: str) -> None:
    assert problems(written(tmp_path, {"a.yaml": first, "b.yaml": second})) == []


def test_a_problem_is_written_as_compilers_write_theirs() -> None:
    assert str(FileProblem(path="bindings/a.yaml", message="no vpc", line=3)) == "bindings/a.yaml:3: no vpc"
    assert str(FileProblem(path="bindings/a.yaml", message="no vpc")) == "bindings/a.yaml: no vpc"


def test_good_bindings_are_counted(drawbridge: Drawbridge, tmp_path: Path) -> None:
    ended = drawbridge("bindings", "check", str(written(tmp_path, {"a.yaml": GOOD, "b.json": JSON})))

    assert (ended.code, ended.out, ended.err) == (0, "2 bindings: good\n", "")


def test_bad_bindings_are_reported_each_on_a_line_of_its_own(drawbridge: Drawbridge, tmp_path: Path) -> None:
    ended = drawbridge(
        "bindings", "check", str(written(tmp_path, {"a.yaml": "attach: [", "b.json": "{}", "c.yml": GOOD}))
    )

    assert (ended.code, ended.out) == (1, "")
    first, second = ended.err.splitlines()
    assert first.startswith(f"{tmp_path}/a.yaml:1: ")
    assert second.startswith(f"{tmp_path}/b.json: ")


def test_what_was_checked_is_written_for_programs(drawbridge: Drawbridge, tmp_path: Path) -> None:
    ended = drawbridge("bindings", "check", str(written(tmp_path, {"a.yaml": GOOD, "b.json": "{}"})), "--json")

    assert (ended.code, ended.json["bindings"], ended.err) == (1, ["a"], "")
    (problem,) = ended.json["problems"]
    assert (problem["path"], problem["name"], problem["line"]) == (f"{tmp_path}/b.json", "b", None)


def test_a_path_that_is_not_there_is_misuse(drawbridge: Drawbridge, tmp_path: Path) -> None:
    assert drawbridge("bindings", "check", str(tmp_path / "nowhere")).code == 2
    assert drawbridge("bindings", "check").code == 2


def test_what_a_file_says_does_not_steer_the_terminal(drawbridge: Drawbridge, tmp_path: Path) -> None:
    written(tmp_path, {"a.json": '{"attach": {"mode": "\\u001b[31mred"}}'})

    ended = drawbridge("bindings", "check", str(tmp_path))

    assert ended.code == 1
    assert "\x1b" not in ended.err


@pytest.mark.parametrize(
    ("alias", "note"),
    [
        ("wpad.corp", "looked up by clients"),
        ("_sip.{resource}.corp", "'_'"),
        ("{resource}.corp", ""),
    ],
)
def test_a_name_that_nobody_should_have_by_accident_is_called_out(tmp_path: Path, alias: str, note: str) -> None:
    (tmp_path / "a.yaml").write_text(aliased(alias))

    checked = check_bindings(find_bindings([tmp_path]))

    assert checked.problems == ()
    assert [note in each for each in checked.notes] == ([True] if note else [])


def test_a_public_zone_is_called_out(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(aliased("db.corp").replace("zone: ", "public: true, zone: "))

    (note,) = check_bindings(find_bindings([tmp_path])).notes

    assert "public zone" in note


def test_a_line_is_counted_as_an_editor_counts_it(tmp_path: Path) -> None:
    reference = written(tmp_path / "reference", {"a.yaml": f"# \u2028\n{GOOD}# {{{{ssm:x}}}}\n"})
    claimed = aliased("db.corp").replace("match:", "# alias \u2028\nmatch:")
    claims = written(tmp_path / "claims", {"a.yaml": aliased("db.corp"), "b.yaml": claimed})

    assert problems(reference) == ["a.yaml:4: Parameter Store refuses '{{'; put a space between"]
    assert [each.partition(" ")[0] for each in problems(claims)] == ["b.yaml:6:"]
