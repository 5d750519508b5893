"""Files as doors: what an operator hands to the command line is read, or refused by its name, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.decision.cedar import PolicySet
from drawbridge.decision.registration import read_registrations
from drawbridge.errors import InvalidInputError
from drawbridge_cli.binding_files import check_bindings, find_bindings
from drawbridge_cli.cases import outcome_for
from drawbridge_cli.documents import read_cases, read_request_document
from drawbridge_cli.policy_files import check_files, find_files
from tests.builders import connection_facts, resource_facts, share_facts
from tests.odd import ODD_JSON, fuzzed, json_texts, with_odd_members
from tests.odd_bindings import BINDING, ODD_YAML

FACTS = [msgspec.to_builtins(each, str_keys=True) for each in (connection_facts(), share_facts(), resource_facts())]
CASES = {"cases": [{"name": "a", "expect": "accept", "request": each, "at": "2026-11-25T03:00:00"} for each in FACTS]}
NO_POLICIES = PolicySet([])


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(text: str, suffix: str) -> Path:
        path = tmp_path / f"fuzzed{suffix}"
        path.write_text(text, encoding="utf-8", errors="surrogatepass")
        return path

    return write


Write = Callable[[str, str], Path]


def refused_or(read: Callable[[], object]) -> None:
    try:
        read()
    except InvalidInputError as error:
        assert "fuzzed" in str(error) or "zone" in str(error)


@pytest.mark.parametrize("text", [*ODD_JSON, *ODD_YAML], ids=range(len(ODD_JSON) + len(ODD_YAML)))
def test_no_odd_file_is_taken_for_anything(written: Write, text: str) -> None:
    path = written(text, ".yaml")

    for read in (read_request_document, read_cases):
        with pytest.raises(InvalidInputError, match="fuzzed"):
            read(path)
    refused_or(lambda: check_bindings(find_bindings([path])).problems or pytest.fail("a binding"))
    refused_or(lambda: check_files(find_files([written(text, ".cedar")])).problems or pytest.fail("a policy"))


@fuzzed
@given(json_texts | st.sampled_from(FACTS).flatmap(with_odd_members))
def test_facts_of_any_shape_are_decided_on_or_refused(written: Write, text: str) -> None:
    def decide() -> None:
        asked = read_request_document(written(text, ".json"))
        outcome_for(asked.request, NO_POLICIES, asked.evaluation_time)

    refused_or(decide)


@pytest.mark.parametrize("facts", FACTS, ids=range(len(FACTS)))
def test_half_of_a_character_is_refused_and_the_file_is_named(written: Write, facts: dict[str, object]) -> None:
    """JSON's escapes can write it, and no policy can be asked about it."""
    path = written(json.dumps(facts | {"service": {"id": "\ud800"}}), ".json")

    with pytest.raises(InvalidInputError, match="fuzzed"):
        read_request_document(path)


@fuzzed
@given(with_odd_members(CASES))
def test_cases_of_any_shape_are_read_or_refused(written: Write, text: str) -> None:
    refused_or(lambda: read_cases(written(text, ".yaml")))


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59", "0001-01-01T00:00:00"]
)
@pytest.mark.parametrize(
    "zone", ["UTC", "Pacific/Kiritimati", "Pacific/Niue", "", "../../etc/passwd", "\x00", "x" * 5000]
)
def test_a_time_at_the_end_of_any_calendar_is_decided_on_or_refused(written: Write, at: str, zone: str) -> None:
    def decide() -> None:
        asked = read_request_document(written(json.dumps({"request": FACTS[0], "at": at, "zone": zone}), ".json"))
        outcome_for(asked.request, NO_POLICIES, asked.evaluation_time)

    refused_or(decide)


@fuzzed
@given(json_texts | with_odd_members(BINDING))
def test_a_file_of_a_binding_is_good_or_a_problem(written: Write, text: str) -> None:
    def check() -> None:
        checked = check_bindings(find_bindings([written(text, ".json")]))
        assert (len(checked.bindings), bool(checked.problems)) in {(1, False), (0, True)}

    refused_or(check)


@fuzzed
@given(
    json_texts
    | st.text(alphabet='account_id,services;"\n\r\x00 1234567890*-', max_size=200)
    | st.lists(st.text(max_size=20), max_size=8).map(lambda fields: "account_id,services\n" + ",".join(fields))
)
def test_a_file_of_consumers_is_registered_line_by_line_or_refused(text: str) -> None:
    try:
        good, bad = read_registrations(text, datetime.now(UTC))
    except InvalidInputError as error:
        assert "line" in str(error)
    else:
        assert all(len(each.account_id) == 12 for each in good)
        assert all(each.reason for each in bad)
