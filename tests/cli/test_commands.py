"""Commands that ask nothing of AWS, and the exit codes of all: nothing here has credentials or a Region."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drawbridge_cli.documents import Case, CaseFile
from local_stack.stack import REGION
from tests.builders import CONSUMER, REPOSITORY, SERVICE_ID, connection_facts, share_facts
from tests.cli.made import DEFAULTS, EVERYTHING, PERMIT, document, folder_of
from tests.cli.operators import Drawbridge, Operator, denied


@pytest.fixture(scope="module")
def stranger(new_operator: Callable[[], Operator]) -> Operator:
    """Return somebody in an account without a stack."""
    return new_operator()


@pytest.fixture
def without_stack(stranger: Operator, drawbridge: Drawbridge, monkeypatch: pytest.MonkeyPatch) -> Drawbridge:
    for name, value in stranger.environment.items():
        monkeypatch.setenv(name, value)
    return drawbridge


def cases(folder: Path, *expected: str) -> str:
    """Write cases of a connection that a policy beside them lets in; return the folder."""
    folder_of(folder, {"let-in": PERMIT})
    made = [
        Case(name=f"case {number}", request=connection_facts(), expect=each) for number, each in enumerate(expected)
    ]
    document(folder / "cases.json", CaseFile(cases=tuple(made)))
    return str(folder)


def test_good_policies_are_counted(drawbridge: Drawbridge, tmp_path: Path) -> None:
    ended = drawbridge("policy", "check", folder_of(tmp_path, DEFAULTS | {"mine": f"{PERMIT}\n{PERMIT}"}))

    assert (ended.code, ended.err) == (0, "")
    assert ended.out == f"{len(DEFAULTS) + 1} policies, {len(DEFAULTS) + 2} statements: good\n"


def test_bad_policies_are_reported_each_on_a_line_of_its_own(drawbridge: Drawbridge, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"a": "\npermit(", "b": PERMIT, "c": ""})

    ended = drawbridge("policy", "check", folder)

    assert (ended.code, ended.out) == (1, "")
    first, second = ended.err.splitlines()
    assert first.startswith(f"{folder}/a.cedar:2: ")
    assert second.startswith(f"{folder}/c.cedar: no statement in it")


def test_what_was_checked_is_written_for_programs(drawbridge: Drawbridge, tmp_path: Path) -> None:
    good, bad = folder_of(tmp_path / "good", {"a": PERMIT}), folder_of(tmp_path / "bad", {"b": "permit("})

    well, ill = drawbridge("policy", "check", good, "--json"), drawbridge("policy", "check", good, bad, "--json")

    assert (well.code, well.json) == (0, {"policies": ["a"], "problems": [], "notes": []})
    assert (ill.code, ill.json["policies"], ill.err) == (1, ["a"], "")
    (problem,) = ill.json["problems"]
    assert (problem["path"], problem["name"], problem["line"]) == (f"{bad}/b.cedar", "b", 1)


def test_a_delay_without_effect_is_told_and_is_no_problem(drawbridge: Drawbridge, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"at-once": PERMIT, "later": f'\n@delay("15m")\n{PERMIT}'})

    ended, for_programs = drawbridge("policy", "check", folder), drawbridge("policy", "check", folder, "--json")

    assert (ended.code, ended.err) == (0, "")
    told, good = ended.out.splitlines()
    assert good == "2 policies, 2 statements: good"
    assert told.startswith(f"{folder}/later.cedar:2: @delay(15m) has no effect: at-once (policy at-once, line 1)")
    (note,) = for_programs.json["notes"]
    assert (note["name"], note["field"]) == ("later", "@delay")


def test_what_lets_everything_in_is_good_only_if_it_is_meant(drawbridge: Drawbridge, tmp_path: Path) -> None:
    folder = folder_of(tmp_path, {"all": EVERYTHING})

    assert drawbridge("policy", "check", folder).code == 1
    assert drawbridge("policy", "check", folder, "--allow-everything").code == 0


def test_cases_that_pass_are_reported_and_counted(drawbridge: Drawbridge, tmp_path: Path) -> None:
    folder = cases(tmp_path, "accept", "accept")

    ended = drawbridge("policy", "test", folder)

    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"ok    {folder}/cases.json: case 0",
        f"ok    {folder}/cases.json: case 1",
        "2 passed, 0 failed",
    ]


def test_a_case_that_fails_is_reported_with_why(drawbridge: Drawbridge, tmp_path: Path) -> None:
    folder = cases(tmp_path, "accept", "hold")

    ended = drawbridge("policy", "test", folder)

    assert ended.code == 1
    ok, fail, why, counted = ended.out.splitlines()
    assert (ok, fail) == (f"ok    {folder}/cases.json: case 0", f"FAIL  {folder}/cases.json: case 1")
    assert "expected hold, and it is accept: let-in: " in why
    assert counted == "1 passed, 1 failed"


def test_what_became_of_cases_is_written_for_programs(drawbridge: Drawbridge, tmp_path: Path) -> None:
    ended = drawbridge("policy", "test", cases(tmp_path, "accept", "hold"), "--json")

    assert ended.code == 1
    assert (ended.json["passed"], ended.json["failed"]) == (1, 1)
    first, second = ended.json["cases"]
    assert (first["name"], first["outcome"], first["by"], first["wrong"]) == ("case 0", "accept", ["let-in"], "")
    assert second["wrong"].startswith("expected hold, and it is accept")


def test_cases_may_be_tried_on_other_policies(drawbridge: Drawbridge, tmp_path: Path) -> None:
    other = folder_of(tmp_path / "other", DEFAULTS)

    ended = drawbridge("policy", "test", cases(tmp_path / "cases", "askApprover"), "--policies", other)

    assert ended.code == 0


def test_the_examples_of_this_repository_pass(drawbridge: Drawbridge) -> None:
    ended = drawbridge("policy", "test", str(REPOSITORY / "policies" / "examples"))

    assert (ended.code, ended.err) == (0, "")


def test_a_request_in_a_file_is_explained_by_files(drawbridge: Drawbridge, tmp_path: Path) -> None:
    request = str(document(tmp_path / "request.json", connection_facts()))

    ended = drawbridge("policy", "explain", request, "--policies", folder_of(tmp_path / "policies", {"let-in": PERMIT}))

    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "accept, by the files"
    assert lines[1].split() == ["accept", "permitted"]
    assert lines[2].strip().startswith("let-in: ")
    facts = [line.split() for line in lines[lines.index("facts") + 1 :]]
    assert ["asker.accountId", CONSUMER] in facts
    assert ["service.id", SERVICE_ID] in facts
    assert ["asker.place.tags", "unknown"] in facts


def test_what_is_unknown_is_shown_as_unknown_and_what_is_empty_is_not_shown(
    drawbridge: Drawbridge, tmp_path: Path
) -> None:
    request = str(document(tmp_path / "request.json", share_facts(contents=None, share_tags=None, share_name="")))

    ended = drawbridge("policy", "explain", request, "--policies", folder_of(tmp_path / "policies", {"let-in": PERMIT}))

    facts = [line.split() for line in ended.out.splitlines()]
    assert ["contents", "unknown"] in facts
    assert ["shareTags", "unknown"] in facts
    assert "shareName" not in ended.out


def test_what_other_accounts_write_steers_no_terminal(drawbridge: Drawbridge, tmp_path: Path) -> None:
    steering = "\x1b[2J\x9b\u202e"
    request = str(
        document(tmp_path / "request.json", share_facts(share_name=steering, share_tags={steering: steering}))
    )
    arguments = ("policy", "explain", request, "--policies", folder_of(tmp_path / "policies", {"let-in": PERMIT}))

    for ended in (drawbridge(*arguments), drawbridge(*arguments, "--json")):
        assert ended.code == 0
        assert not set(steering[0] + steering[-2:]) & set(ended.out)
    assert drawbridge(*arguments, "--json").json["explanation"]["facts"]["shareName"] == steering


def test_an_explanation_is_written_for_programs(drawbridge: Drawbridge, tmp_path: Path) -> None:
    request = str(document(tmp_path / "request.json", connection_facts()))
    by = folder_of(tmp_path / "policies", {"let-in": PERMIT})

    ended = drawbridge("policy", "explain", request, "--policies", by, "--json")

    explanation = ended.json["explanation"]
    assert ended.json["entry"] is None
    assert explanation["outcome"] == "accept"
    assert [each["answer"] for each in explanation["considered"]] == ["permitted", "not permitted", "not permitted"]
    assert explanation["facts"]["kind"] == "endpoint-connection"


@pytest.mark.parametrize(
    "arguments",
    [
        ("policy", "check", "nowhere.cedar"),
        ("policy", "test", "nowhere.yaml"),
        ("policy", "explain", "nowhere.json"),
        ("policy", "check"),
        ("policy", "paint"),
        ("policy",),
        (),
        ("--stack",),
        ("policy", "check", "--quick", "x.cedar"),
        ("consumers", "add", CONSUMER),
        ("consumers", "add", "12", "--service", "*"),
        ("consumers", "import", "nowhere.csv"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_used_as_it_was_called_ends_with_2(
    drawbridge: Drawbridge, arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    ended = drawbridge(*arguments)

    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert ended.err or ended.out


def test_an_error_is_one_line_on_standard_error(drawbridge: Drawbridge) -> None:
    ended = drawbridge("policy", "check", "nowhere.cedar")

    assert (ended.out, ended.err) == ("", "nowhere.cedar: No such file or directory\n")


@pytest.mark.parametrize("command", [("consumers", "list"), ("policy", "explain", "connection-x")], ids=" ".join)
class TestWithoutAWayToAws:
    def test_a_missing_region_is_reported(self, drawbridge: Drawbridge, command: tuple[str, ...]) -> None:
        ended = drawbridge(*command)

        assert (ended.code, ended.out) == (2, "")
        assert ended.err == "--region: no Region is set; name the one that the stack is in\n"

    def test_missing_credentials_are_reported(self, drawbridge: Drawbridge, command: tuple[str, ...]) -> None:
        ended = drawbridge("--region", REGION, *command)

        assert (ended.code, ended.out) == (2, "")
        assert ended.err == "there are no AWS credentials; log in, or name a profile with --profile\n"

    def test_a_profile_that_there_is_not_is_reported(self, drawbridge: Drawbridge, command: tuple[str, ...]) -> None:
        ended = drawbridge("--region", REGION, "--profile", "nobody", *command)

        assert (ended.code, ended.out) == (2, "")
        assert ended.err.startswith("--profile: ")
        assert "nobody" in ended.err

    def test_a_stack_that_there_is_not_is_reported(self, without_stack: Drawbridge, command: tuple[str, ...]) -> None:
        ended = without_stack(*command)

        assert (ended.code, ended.out) == (2, "")
        assert ended.err == f"--stack: there is no stack 'drawbridge' in {REGION}\n"

    def test_the_stacks_name_may_be_set_for_good(
        self, without_stack: Drawbridge, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("DRAWBRIDGE_STACK", "other")

        assert "'other'" in without_stack(*command).err

    def test_what_aws_refuses_ends_with_3(
        self, without_stack: Drawbridge, command: tuple[str, ...], stranger: Operator
    ) -> None:
        with denied("cloudformation:DescribeStacks", stranger.account_id):
            ended = without_stack(*command)

        assert (ended.code, ended.out) == (3, "")
        assert ended.err.startswith("AWS: find the stack drawbridge: AccessDenied")


def test_a_stack_that_is_not_drawbridges_is_reported(without_stack: Drawbridge, stranger: Operator) -> None:
    topic = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    stranger.client("cloudformation").create_stack(StackName="another", TemplateBody=topic)

    ended = without_stack("--stack", "another", "consumers", "list")

    assert ended.code == 2
    assert ended.err == "--stack: another has no output ConsumersTableName; it is not Drawbridge's\n"


class TestWhatIsWrongWithFiles:
    """All of it at once, in one shape, whatever the files are."""

    def test_each_mistake_has_a_line_of_its_own(self, drawbridge: Drawbridge, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("match: {resources: x}\nattach: {mode: resource-endpoint}\nmore: 1\n")
        (tmp_path / "b.yaml").write_text("attach: 1\n")

        ended = drawbridge("bindings", "check", str(tmp_path))

        assert (ended.code, ended.out) == (1, "")
        assert [line.removeprefix(f"{tmp_path}/") for line in ended.err.splitlines()] == [
            "a.yaml:1: Object contains unknown field `resources` - at `match`; did you mean resource?",
            "a.yaml:3: Object contains unknown field `more`; there are attach, match",
            "a.yaml:2: attach.vpc is missing; mode resource-endpoint needs one",
            "b.yaml:1: Expected `object`, got `str` - at `attach`",
        ]

    def test_for_programs_too_each_is_text_whatever_is_in_the_file(
        self, drawbridge: Drawbridge, tmp_path: Path
    ) -> None:
        (tmp_path / "a.json").write_text('{"attach": 1, "\\ud800": 1}')
        (tmp_path / "b.cedar").write_text('permit(principal == "\n", action, resource);')
        (tmp_path / "c.json").write_text('{"cases": [{"name": "\\ud800", "\\udfff": 1}]}')
        for of, command in {"a.json": "bindings check", "b.cedar": "policy check", "c.json": "policy test"}.items():
            arguments = (*command.split(), str(tmp_path / of))

            in_words, document = drawbridge(*arguments), drawbridge(*arguments, "--json").json

            problems = document.get("problems") or document["error"]["problems"]
            assert in_words.err.splitlines() == [
                f"{each['path']}:{each['line']}: {each['message']}" for each in problems
            ]
        assert [(each["name"], each["field"]) for each in problems] == [
            ("⟨U+D800⟩", "cases[0].request"),
            ("⟨U+D800⟩", "cases[0].name"),
            ("⟨U+D800⟩", "cases[0].expect"),
            ("⟨U+D800⟩", r"cases[0].\udfff"),
        ]

    def test_for_programs_they_have_one_shape(self, drawbridge: Drawbridge, tmp_path: Path) -> None:
        (tmp_path / "a.yaml").write_text("attach: {}\nmore: 1\n")
        (tmp_path / "b.cedar").write_text(f'@approval("loud") {PERMIT}\npermit(')
        (tmp_path / "c.json").write_text('{"cases": [{"name": "mine", "requests": {}}], "policies": ["b.cedar"]}')
        runs = {
            "binding": drawbridge("bindings", "check", str(tmp_path / "a.yaml"), "--json").json["problems"],
            "policy": drawbridge("policy", "check", str(tmp_path / "b.cedar"), "--json").json["problems"],
            "cases": drawbridge("policy", "test", str(tmp_path / "c.json"), "--json").json["error"]["problems"],
        }

        told = {of: [(each["name"], each["line"], each["field"]) for each in problems] for of, problems in runs.items()}
        assert told == {
            "binding": [("a", 1, "attach.mode"), ("a", 2, "more")],
            "policy": [("b", 1, "@approval"), ("b", 2, "")],
            "cases": [
                ("mine", 1, "cases[0].request"),
                ("mine", 1, "cases[0].expect"),
                ("mine", 1, "cases[0].requests"),
            ],
        }
        shapes = {frozenset(each) for problems in runs.values() for each in problems}
        assert shapes == {frozenset({"path", "name", "line", "field", "message"})}

    def test_all_that_can_not_be_read_is_named(self, drawbridge: Drawbridge, tmp_path: Path) -> None:
        (tmp_path / "latin.cedar").write_bytes("// für\n".encode("latin-1"))

        ended = drawbridge("policy", "check", str(tmp_path), str(tmp_path / "nowhere.cedar"), "--json")

        assert ended.code == 2
        assert ended.json["error"]["code"] == "invalid-files"
        assert [each["message"] for each in ended.json["error"]["problems"]] == [
            "not UTF-8; a policy is plain text",
            "No such file or directory",
        ]


@pytest.mark.parametrize(("group", "name"), [("bindings", "a.yaml"), ("policy", "b.cedar")])
def test_what_can_not_be_put_in_force_is_told_with_all_that_is_wrong_before_aws_is_asked(
    drawbridge: Drawbridge, tmp_path: Path, group: str, name: str
) -> None:
    (tmp_path / "a.yaml").write_text("attach: {}\nmore: 1\n")
    (tmp_path / "b.cedar").write_text("permit(;\npermit(;")

    ended = drawbridge(group, "apply", str(tmp_path / name), "--json", "--yes")

    assert (ended.code, ended.json["error"]["code"]) == (1, "finding")
    assert [each["line"] for each in ended.json["error"]["problems"]] == [1, 2]
    assert len(ended.err.splitlines()) == 2
