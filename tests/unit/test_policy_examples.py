"""The policies that come with it: each example does what its cases say, and its cases need all of it."""

from pathlib import Path

import pytest

from drawbridge.decision.policies import parse_policy
from drawbridge_cli.cases import case_files, run_cases
from drawbridge_cli.policy_files import check_files, find_files
from tests.builders import REPOSITORY

EXAMPLES = sorted((REPOSITORY / "policies" / "examples").glob("*.cedar"))
CASES = case_files(REPOSITORY / "policies" / "examples" / "cases")
by_stem = pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)


@by_stem
def test_every_example_has_its_cases(path: Path) -> None:
    assert path.stem in {each.stem for each in CASES}


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_comes_out_as_it_says(path: Path) -> None:
    results = run_cases(path, ())

    assert [f"{result.name}: {result.wrong}" for result in results if result.wrong] == []


@by_stem
def test_the_cases_of_an_example_show_each_of_its_statements_at_work_and_at_rest(path: Path) -> None:
    results = run_cases(path.parent / "cases" / f"{path.stem}.yaml", ())

    for statement in parse_policy(path.stem, path.read_text()).statements:
        assert any(statement.id in result.by for result in results)
        assert any(statement.id not in result.by for result in results)


def test_all_examples_can_be_in_force_together_with_the_defaults() -> None:
    checked = check_files(find_files([REPOSITORY / "policies"]))

    assert checked.problems == ()
    assert len(checked.policies) == len(EXAMPLES) + 4


@by_stem
def test_an_example_says_in_comments_what_it_does_and_in_reasons_why(path: Path) -> None:
    text = path.read_text()

    assert text.startswith("//")
    assert text.count("@reason(") == text.count("@id(") == len(parse_policy(path.stem, text).statements)
