"""Cases: policy authors' own tests, and what is reported when one fails."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drawbridge.decision.facts import ShareFacts
from drawbridge.errors import InvalidInputError
from drawbridge_cli.cases import CaseResult, case_files, outcome_for, run_all, run_cases
from drawbridge_cli.documents import AnyFacts, Case, CaseFile, Expected
from tests.builders import (
    CONSUMER,
    EVALUATION_TIME,
    NOW,
    STRANGER,
    connection_facts,
    requester,
    resource_facts,
    share_facts,
)
from tests.cli.made import DEFAULTS, EVERYTHING, FORBID, PERMIT, document, folder_of, policies


def case(expect: str | Expected = "accept", **changes: Any) -> Case:
    fields: dict[str, Any] = {"name": "a case", "request": connection_facts(), "expect": expect}
    return Case(**(fields | changes))


def ran(folder: Path, *cases: Case, by: dict[str, str] | None = None) -> list[CaseResult]:
    """Run cases by the policies that are beside their file."""
    folder_of(folder, {"let-in": PERMIT} if by is None else by)
    return run_cases(document(folder / "cases.json", CaseFile(cases=cases)), ())


def test_a_case_that_comes_out_as_expected_has_nothing_wrong(tmp_path: Path) -> None:
    (result,) = ran(tmp_path, case("accept"))

    assert result == CaseResult(str(tmp_path / "cases.json"), "a case", "accept", ("let-in",))


def test_a_case_that_comes_out_otherwise_says_how_and_why(tmp_path: Path) -> None:
    (result,) = ran(tmp_path, case("accept"), by={"let-in": PERMIT, "block": FORBID})

    assert (result.outcome, result.by) == ("hold", ("block",))
    assert result.wrong.startswith("expected accept, and it is hold: ")
    assert "block: no more of them" in result.wrong


def test_a_case_that_nothing_permits_says_so(tmp_path: Path) -> None:
    (result,) = ran(tmp_path, case("accept", request=connection_facts(requester(STRANGER))))

    assert (result.outcome, result.by) == ("hold", ())
    assert "No policy permits" in result.wrong


@pytest.mark.parametrize("by", [("let-in", "too"), ("too", "let-in")])
def test_what_is_to_determine_it_may_be_named_in_any_order(tmp_path: Path, by: tuple[str, ...]) -> None:
    (result,) = ran(tmp_path, case(Expected(outcome="accept", by=by)), by={"let-in": PERMIT, "too": PERMIT})

    assert result.wrong == ""


@pytest.mark.parametrize(
    ("by", "message"),
    [((), "by none, and it is by let-in"), (("other", "let-in"), "by let-in, other, and it is by let-in")],
)
def test_what_is_determined_by_something_else_is_wrong(tmp_path: Path, by: tuple[str, ...], message: str) -> None:
    (result,) = ran(tmp_path, case(Expected(outcome="accept", by=by)))

    assert result.wrong == f"expected it to be determined {message}"


def test_what_stands_against_an_earlier_action_determines_it_too(tmp_path: Path) -> None:
    forbid = f'forbid(principal == Account::"{CONSUMER}", action == Action::"accept", resource);'
    expected = Expected(outcome="askApprover", by=("ask-for-the-rest", "no-more"))

    (result,) = ran(tmp_path, case(expected), by=DEFAULTS | {"no-more": forbid})

    assert result.wrong == ""


@pytest.mark.parametrize(
    ("changes", "possible"),
    [
        ({"expect": "accepted"}, "accept, askApprover, reject, hold"),
        ({"expect": "associate"}, "accept, askApprover, reject, hold"),
        ({"expect": Expected(outcome="HOLD")}, "accept, askApprover, reject, hold"),
        ({"expect": "accept", "request": resource_facts()}, "associate, refuse"),
    ],
)
def test_an_outcome_that_there_is_not_is_reported_with_those_that_there_are(
    tmp_path: Path, changes: dict[str, Any], possible: str
) -> None:
    with pytest.raises(InvalidInputError, match=rf"cases\.json: a case: expect: .* is none of {possible}$"):
        ran(tmp_path, case(**changes))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("permit", EVERYTHING.replace("accept", "associate"), "associate"),
        ("forbid", EVERYTHING.replace("permit", "forbid").replace("accept", "associate"), "refuse"),
        ("nothing", PERMIT, "refuse"),
    ],
)
def test_a_resource_is_associated_or_refused(tmp_path: Path, name: str, text: str, expected: str) -> None:
    (result,) = ran(tmp_path, case(expected, request=resource_facts()), by={name: text})

    assert result.wrong == ""


@pytest.mark.parametrize(
    ("outcome", "text"),
    [
        ("accept", EVERYTHING),
        ("askApprover", DEFAULTS["ask-for-the-rest"]),
        ("reject", EVERYTHING.replace("accept", "reject")),
        ("hold", PERMIT),
    ],
)
def test_each_outcome_has_its_name(outcome: str, text: str) -> None:
    assert outcome_for(share_facts(), policies({"only": text}), EVALUATION_TIME).outcome == outcome


def test_a_case_happens_at_noon_of_a_wednesday_unless_it_says_when(tmp_path: Path) -> None:
    only_noon = ' when { context.local.hour == 12 && context.local.weekday == "Wednesday" };'
    in_tokyo = case("accept", at=datetime(2026, 11, 25, 12), zone="Asia/Tokyo")  # noqa: DTZ001 - of the zone beside it

    results = ran(
        tmp_path,
        case("accept"),
        case("hold", zone="Asia/Tokyo"),
        in_tokyo,
        case("hold", at=datetime(2026, 11, 26, 12, tzinfo=UTC)),
        by={"noon": PERMIT.replace(";", only_noon)},
    )

    assert [result.wrong for result in results] == [""] * 4


def test_a_zone_that_there_is_not_is_reported_with_file_and_case(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cases\.json: a case: zone: there is no time zone 'Berlin'"):
        ran(tmp_path, case(zone="Berlin"))


@pytest.mark.parametrize(
    "facts",
    [
        share_facts(deadline=NOW.replace(tzinfo=None)),
        resource_facts(arn="orders-db"),
        resource_facts(share_arn="orders"),
    ],
    ids=["time without an offset", "no ARN", "no ARN of a share"],
)
def test_facts_that_nobody_can_decide_on_are_refused(tmp_path: Path, facts: AnyFacts) -> None:
    with pytest.raises(InvalidInputError, match=r"cases\.json"):
        ran(tmp_path, case(request=facts, expect="hold" if isinstance(facts, ShareFacts) else "refuse"))


def test_the_policies_beside_the_file_are_tried_and_none_below(tmp_path: Path) -> None:
    folder_of(tmp_path / "below", {"block": FORBID})

    assert [result.outcome for result in ran(tmp_path, case())] == ["accept"]


def test_the_policies_that_the_file_names_are_tried_and_no_others(tmp_path: Path) -> None:
    folder_of(tmp_path / "policies", {"block": FORBID})
    folder_of(tmp_path / "cases", {"let-in": PERMIT})
    named = CaseFile(cases=(case("hold"),), policies=("../policies", "let-in.cedar"))

    (result,) = run_cases(document(tmp_path / "cases" / "cases.json", named), ())

    assert (result.wrong, result.by) == ("", ("block",))


def test_policies_that_are_named_are_tried_instead_of_all_others(tmp_path: Path) -> None:
    folder_of(tmp_path / "told", {"let-in": PERMIT})
    folder_of(tmp_path / "cases", {"block": FORBID})
    named = CaseFile(cases=(case(),), policies=("block.cedar",))

    (result,) = run_cases(document(tmp_path / "cases" / "cases.json", named), (tmp_path / "told",))

    assert (result.wrong, result.by) == ("", ("let-in",))


def test_cases_without_any_policy_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"cases\.json: policies: none is named, and none is beside the file"):
        ran(tmp_path, case(), by={})


def test_cases_with_a_broken_policy_are_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"let-in\.cedar:2: "):
        ran(tmp_path, case(), by={"let-in": "\npermit("})


def test_a_part_of_a_set_may_let_everything_in(tmp_path: Path) -> None:
    (result,) = ran(tmp_path, case(), by={"all": EVERYTHING})

    assert result.wrong == ""


def test_cases_are_in_all_documents_of_a_folder_and_below_it(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.json", "below/c.yml", "README.md", "d.cedar"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()

    assert [str(path.relative_to(tmp_path)) for path in case_files(tmp_path)] == ["a.json", "b.yaml", "below/c.yml"]
    assert case_files(tmp_path / "b.yaml") == [tmp_path / "b.yaml"]


def test_a_folder_without_documents_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"no file of cases in it; they end in \.yaml, \.yml, \.json$"):
        case_files(tmp_path)


def test_every_mistake_of_every_file_is_told_with_its_line(tmp_path: Path) -> None:
    folder_of(tmp_path, {"let-in": PERMIT})
    facts = str(document(tmp_path / "facts.json", connection_facts()))
    request = Path(facts).read_text()
    Path(facts).unlink()
    (tmp_path / "one.yaml").write_text(
        f"cases:\n- name: good\n  expect: accept\n  request: {request}\n- name: ''\n  expect: accept\n"
        f"  request: {request}\n- name: third\n  expected: accept\n  request: {request}\n"
    )
    (tmp_path / "two.yaml").write_text(
        f"cases:\n- name: a\n  expect: let in\n  request: {request}\n- name: b\n  expect: keep out\n"
        f"  request: {request}\n"
    )

    with pytest.raises(InvalidInputError) as raised:
        run_all(case_files(tmp_path), ())

    lines = str(raised.value).splitlines()
    assert [line.partition(": ")[0].rpartition("/")[2] for line in lines] == [
        "one.yaml:5", "one.yaml:8", "one.yaml:9", "two.yaml", "two.yaml",
    ]  # fmt: skip
    assert "cases[2]" in lines[1]
    assert ["let in" in lines[3], "keep out" in lines[4]] == [True, True]


DELAYED = {"let-in": f'@delay("15m") {PERMIT}'}


@pytest.mark.parametrize(
    ("expect", "wrong"),
    [
        ("accept", ""),
        (Expected(outcome="accept", delay="15m"), ""),
        (Expected(outcome="accept", delay="0h15m"), ""),
        (Expected(outcome="accept", delay="1h"), "expected accept after 1h, and it is accept after 15m: "),
        (Expected(outcome="accept", delay="0m"), "expected accept, and it is accept after 15m: "),
        (Expected(outcome="hold"), "expected hold, and it is accept after 15m: "),
    ],
)
def test_a_case_may_say_after_which_delay_it_is_let_in(tmp_path: Path, expect: str | Expected, wrong: str) -> None:
    (result,) = ran(tmp_path, case(expect), by=DELAYED)

    assert result.delay == "15m"
    assert result.wrong.startswith(wrong)
    assert bool(result.wrong) is bool(wrong)


def test_a_case_that_expects_a_delay_of_no_time_is_refused_by_its_field(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"expect\.delay: 'soon' is no time such as"):
        ran(tmp_path, case(Expected(outcome="accept", delay="soon")), by=DELAYED)
