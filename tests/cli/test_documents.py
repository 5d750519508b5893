"""Documents that people write, JSON and YAML: errors are reported by file, and line or field."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drawbridge.decision.facts import ConnectionFacts, Consumer, EvaluationTime, Requester, Service
from drawbridge.errors import InvalidInputError
from drawbridge_cli.documents import NOON, Case, CaseFile, Expected, RequestDocument, read_cases, read_request_document
from tests.builders import (
    CONSUMER,
    NOW,
    PROVIDER,
    SERVICE_ID,
    SHARE_ARN,
    connection_facts,
    requester,
    resource_facts,
    share_facts,
)
from tests.cli.made import document

YAML = f"""\
kind: endpoint-connection
asker: {{accountId: {CONSUMER}}}
service: {{id: {SERVICE_ID}}}
region: us-east-1
"""
FACTS = ConnectionFacts(requester=Requester(account_id=CONSUMER), service=Service(id=SERVICE_ID), region="us-east-1")
CASES = f"""\
cases:
- name: let in
  expect: accept
  request: &consumer
    kind: endpoint-connection
    asker: {{accountId: {CONSUMER}}}
    service: {{id: {SERVICE_ID}}}
    region: us-east-1
- name: held
  expect: {{outcome: hold, by: []}}
  at: 2026-11-25T03:00:00
  zone: Europe/Berlin
  request: *consumer
"""


def written(folder: Path, text: str, name: str = "request.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def refused(path: Path) -> str:
    """Return the error of a file of cases that can't be read, without the file's name."""
    with pytest.raises(InvalidInputError) as error:
        read_cases(path)
    message = str(error.value)
    assert message.startswith(str(path))
    return message.removeprefix(str(path))


@pytest.mark.parametrize("text", [YAML, f"request:\n  {YAML.replace(chr(10), chr(10) + '  ')}"])
def test_a_request_stands_alone_or_with_when_it_happens(tmp_path: Path, text: str) -> None:
    asked = read_request_document(written(tmp_path, text))

    assert asked == RequestDocument(request=FACTS)
    assert asked.evaluation_time == EvaluationTime(NOON)


@pytest.mark.parametrize(
    "facts",
    [connection_facts(), share_facts(), resource_facts()],
    ids=["connection", "share", "resource"],
)
@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_facts_of_each_kind_are_read_from_json_as_they_were_written(
    tmp_path: Path, facts: ConnectionFacts, indent: int | str | None
) -> None:
    path = document(tmp_path / "request.json", RequestDocument(request=facts, at=NOW, zone="Europe/Berlin"))
    path.write_text(json.dumps(json.loads(path.read_text()), indent=indent))

    assert read_request_document(path) == RequestDocument(request=facts, at=NOW, zone="Europe/Berlin")


_words = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(_words, st.dictionaries(_words, _words, max_size=3), st.integers(0, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_other_accounts_write_comes_back_from_json(
    tmp_path: Path, name: str, tags: dict[str, str], connections: int
) -> None:
    facts = connection_facts(
        requester(CONSUMER, services=frozenset({name})),
        service=Service(id=name, name=name, tags=tags),
        connections=connections,
    )
    path = tmp_path / "request.json"

    as_it_is, escaped = document(path, facts), json.dumps(json.loads(path.read_text(encoding="utf-8")))

    assert read_request_document(as_it_is).request == facts
    assert read_request_document(written(tmp_path, escaped, "escaped.json")).request == facts


@pytest.mark.parametrize("name", ["request.yaml", "request.yml", "request.json"])
def test_an_account_keeps_its_leading_zeros_without_quotes(tmp_path: Path, name: str) -> None:
    asked = read_request_document(written(tmp_path, YAML.replace(CONSUMER, "000000000012"), name))

    assert asked.request.requester.account_id == "000000000012"


def test_a_number_in_json_is_what_the_field_wants_too(tmp_path: Path) -> None:
    text = json.dumps({"kind": "endpoint-connection", "region": "us-east-1", "connections": 3})
    asking = f'"asker": {{"accountId": {CONSUMER}, "consumer": {{"tier": 1.50}}}}, "service": {{"id": "{SERVICE_ID}"}}'

    facts = read_request_document(written(tmp_path, f"{text[:-1]}, {asking}}}", "request.json")).request

    assert isinstance(facts, ConnectionFacts)
    assert (facts.requester.account_id, facts.connections) == (CONSUMER, 3)
    assert facts.requester.consumer == Consumer(tier="1.50")


def test_numbers_times_and_truths_are_what_the_field_wants(tmp_path: Path) -> None:
    more = "connections: 3\n"
    consumer = f"{{accountId: {CONSUMER}, consumer: {{tier: 007, services: ['*'], since: 2026-05-01T00:00:00Z}}}}"
    text = (
        (YAML + more)
        .replace(f"{{accountId: {CONSUMER}}}", consumer)
        .replace(SERVICE_ID, f"{SERVICE_ID}, acceptanceRequired: false")
    )

    facts = read_request_document(written(tmp_path, text)).request

    assert isinstance(facts, ConnectionFacts)
    assert facts.connections == 3
    assert facts.service.acceptance_required is False
    assert facts.requester.consumer == Consumer(
        tier="007", services=frozenset({"*"}), since=datetime(2026, 5, 1, tzinfo=UTC)
    )


@pytest.mark.parametrize("null", ["null", "Null"])
def test_null_stands_for_what_is_unknown(tmp_path: Path, null: str) -> None:
    share = f"kind: resource-share\nasker: {{accountId: {PROVIDER}}}\nshareArn: {SHARE_ARN}\nshareName: orders\n"

    facts = read_request_document(written(tmp_path, f"{share}contents: {null}\nshareTags: {null}\n")).request

    assert facts.unknown == {"contents", "resourceTags"}


@pytest.mark.parametrize(
    ("at", "zone", "evaluation_time"),
    [
        ("2026-11-25T12:00:00Z", "UTC", EvaluationTime(NOON)),
        ("2026-11-25 12:00:00Z", "UTC", EvaluationTime(NOON)),
        ("2026-11-25T13:00:00+01:00", "UTC", EvaluationTime(NOON.astimezone(timezone(timedelta(hours=1))))),
        ("2026-11-25T13:00:00", "Europe/Berlin", EvaluationTime(NOON, "Europe/Berlin")),
        ("2026-11-25T12:00:00Z", "Europe/Berlin", EvaluationTime(NOON, "Europe/Berlin")),
    ],
)
def test_a_time_without_an_offset_is_in_the_zone(
    tmp_path: Path, at: str, zone: str, evaluation_time: EvaluationTime
) -> None:
    asked = read_request_document(
        written(tmp_path, f"at: {at}\nzone: {zone}\nrequest:\n  {YAML.replace(chr(10), chr(10) + '  ')}")
    )

    assert asked.evaluation_time.now == evaluation_time.now
    assert asked.evaluation_time.zone == zone


@pytest.mark.parametrize("zone", ["Berlin", "", "../etc/passwd", "America", "Europe/Berlin/", "x" * 300, "a\0b"])
def test_a_zone_that_there_is_not_is_reported(zone: str) -> None:
    asked = RequestDocument(request=FACTS, zone=zone)

    with pytest.raises(InvalidInputError, match=r"^zone: there is no time zone .*; write one as Europe/Berlin$"):
        _ = asked.evaluation_time


def test_cases_are_read_with_what_is_expected_of_them(tmp_path: Path) -> None:
    read = read_cases(written(tmp_path, CASES))

    assert read == CaseFile(
        cases=(
            Case(name="let in", expect="accept", request=FACTS),
            Case(
                name="held",
                expect=Expected(outcome="hold", by=()),
                at=datetime(2026, 11, 25, 3),  # noqa: DTZ001 - of the zone beside it
                zone="Europe/Berlin",
                request=FACTS,
            ),
        )
    )
    assert read.cases[1].evaluation_time.now == datetime(2026, 11, 25, 2, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("request: &", "requst: &"), "unknown field `requst` - at `cases[0]`"),
        (
            ("region: us-east-1\n- ", "region: us-east-1\n    regoin: x\n- "),
            "unknown field `regoin` - at `cases[0].request`",
        ),
        (("accountId", "account_id"), "unknown field `account_id` - at `cases[0].request.asker`"),
        ((CONSUMER, "12"), "at `cases[0].request.asker.accountId`"),
        (("kind: endpoint-connection", "kind: endpoint"), "'endpoint' - at `cases[0].request.kind`"),
        (("    kind: endpoint-connection\n", ""), "missing required field `kind` - at `cases[0].request`"),
        (("  expect: accept\n", ""), "missing required field `expect` - at `cases[0]`"),
        (("name: let in", "name: ''"), "at `cases[0].name`"),
        (("at: 2026-11-25T03:00:00", "at: in the night"), "datetime - at `cases[1].at`"),
        (("by: []", "by: policy"), "at `cases[1].expect.by`"),
        (("cases:", "case:"), "unknown field `case`"),
    ],
)
def test_a_field_that_is_wrong_is_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    assert change[0] in CASES

    assert message in refused(written(tmp_path, CASES.replace(*change, 1)))


@pytest.mark.parametrize("text", ["", "cases: []", "[]", "cases", "cases: {}"])
def test_a_file_without_cases_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(written(tmp_path, text)).removeprefix(":1").startswith(": ")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("cases:\n- name: [a\n  expect: b\n", 3),
        ("cases:\n\t- name: a\n", 2),
        ("cases: *nothing\n", 1),
        ("cases: []\n---\ncases: []\n", 2),
        ('{"cases": [\n{"name": "a",}\n]', 3),
    ],
)
def test_what_is_no_yaml_is_reported_with_its_line(tmp_path: Path, text: str, line: int) -> None:
    assert refused(written(tmp_path, text)).startswith(f":{line}: ")


@pytest.mark.parametrize(
    "content", [b"cases: \xe4", b"cases: \x01", b"[" * 20_000, b"cases: !!python/name:os.system x"]
)
def test_what_is_no_document_at_all_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "cases.yaml"
    path.write_bytes(content)

    assert refused(path)


def test_a_file_that_is_not_there_is_reported(tmp_path: Path) -> None:
    assert refused(tmp_path / "nowhere.yaml") == ": No such file or directory"
    assert refused(tmp_path) == ": Is a directory"
