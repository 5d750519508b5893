"""What is deployed, and the picture of it, are what people wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from statemachine import picture, render, source
from tests.workflow.definition import DEFINITIONS, WORKFLOWS, Json, Workflow, states

NAMES = sorted(path.name for path in render.definitions())


def written(folder: Path, text: str, shared: str = "") -> Path:
    """Write a definition, and what it may name."""
    first, *others = source.SHARED
    (folder / first).write_text(shared)
    for other in others:
        (folder / other).write_text("{}")
    path = folder / "some.asl.yaml"
    path.write_text(text)
    return path


def machine(**of: Json) -> Json:
    return {"StartAt": next(iter(of)), "States": of}


def test_what_is_rendered_is_what_its_source_says() -> None:
    assert list(render.stale()) == [], "run: make render"


def test_every_definition_that_is_deployed_has_its_source() -> None:
    deployed = sorted(path.name for path in (render.REPOSITORY / "statemachine").glob("*.asl.json"))

    assert [name.replace(".yaml", ".json") for name in NAMES] == deployed


def test_a_definition_names_what_all_share_by_its_key(tmp_path: Path) -> None:
    path = written(tmp_path, "Retry: *often", shared="often: [{MaxAttempts: 9}]")

    assert source.definition(path) == {"Retry": [{"MaxAttempts": 9}]}


def test_what_only_holds_anchors_is_not_rendered(tmp_path: Path) -> None:
    path = written(tmp_path, "x-catches: [&all {Next: End}]\nCatch: *all")

    assert source.definition(path) == {"Catch": {"Next": "End"}}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A: 1\nB:\n  C: 1\n  C: 2", "C is told twice"),
        ("A: 1\nA: 2", "A is told twice"),
        ("x-all: [&all {A: 1}]\nB:\n  <<: *all", "a key is text"),
        ("A: 1\non: 2", "a key is text"),
        ("A: 1\nB: *nobody", "undefined alias 'nobody'"),
        ("A: 1\nB: !!python/name:os.system", "could not determine a constructor"),
    ],
)
def test_what_yaml_would_take_otherwise_than_it_looks_is_refused_by_its_line(
    tmp_path: Path, text: str, message: str
) -> None:
    path = written(tmp_path, text)

    with pytest.raises(yaml.MarkedYAMLError, match=re.escape(message)) as refused:
        source.definition(path)

    mark = refused.value.problem_mark
    assert mark is not None
    assert (mark.name, mark.line) == (str(path), text.count("\n"))


def test_a_key_that_is_there_twice_among_what_is_shared_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path, "Retry: *often", shared="often: [1]\noften: [2]")

    with pytest.raises(yaml.MarkedYAMLError, match="often is told twice"):
        source.definition(path)


@pytest.mark.parametrize("workflow", WORKFLOWS)
def test_each_state_is_in_the_picture(workflow: Workflow) -> None:
    drawn = picture.drawn(DEFINITIONS[workflow])

    assert [name for name in states(workflow) if not re.search(rf"\b{name}\b", drawn)] == []


def test_what_many_states_catch_everything_to_is_drawn_as_one_arrow() -> None:
    task: Json = {"Type": "Task", "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}], "Next": "Failed"}
    failed: Json = {"Failed": {"Type": "Fail"}}

    often = picture.drawn(machine(A=task, B=task, C=task, **failed))
    seldom = picture.drawn(machine(A=task, B=task, **failed))

    assert often.count("any error") == 1
    assert seldom.count("any error") == 2


def test_the_picture_tells_apart_who_is_waited_for_what_is_chosen_and_which_error_leads_where() -> None:
    ask: Json = {
        "Type": "Task",
        "Resource": "${LambdaInvoke}.waitForTaskToken",
        "Catch": [
            {"ErrorEquals": ["States.Timeout"], "Next": "Choose"},
            {"ErrorEquals": ["States.ALL"], "Next": "Done"},
        ],
        "Next": "Choose",
    }
    choose: Json = {"Type": "Choice", "Choices": [{"Next": "Ask"}, {"Next": "Ask"}], "Default": "Done"}

    drawn = picture.drawn(machine(Ask=ask, Choose=choose, Done={"Type": "Succeed"}))

    assert drawn.splitlines() == [
        "flowchart TD",
        '  Ask[/"Ask"/]',
        '  Choose{"Choose"}',
        '  Done(["Done"])',
        "  Ask --> Choose",
        '  Ask -.->|"States.Timeout"| Choose',
        '  Ask -.->|"any other error"| Done',
        "  Choose --> Ask",
        "  Choose --> Done",
    ]


def test_a_picture_goes_between_its_markers_and_nowhere_else() -> None:
    begin, end = "<!-- some: drawn by make render -->", "<!-- some: end -->"
    document = f"before\n{begin}\nold\n{end}\nafter\n"

    assert render.with_picture(document, "some", "new\n") == f"before\n{begin}\n```mermaid\nnew\n```\n{end}\nafter\n"


@pytest.mark.parametrize("document", ["", "<!-- some: end -->\n<!-- some: drawn by make render -->\n"])
def test_a_document_without_the_markers_is_reported(document: str) -> None:
    with pytest.raises(ValueError, match="have to be there"):
        render.with_picture(document, "some", "new\n")


def test_the_check_writes_nothing_and_fails_while_something_is_stale(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "some.asl.json"
    monkeypatch.setattr(render, "REPOSITORY", tmp_path)
    monkeypatch.setattr(render, "rendered", lambda: {path: json.dumps({})})

    assert render.main(["--check"]) == 1
    assert not path.exists()
    assert "some.asl.json is not what its source says" in capsys.readouterr().err
    assert render.main([]) == 0
    assert render.main(["--check"]) == 0
