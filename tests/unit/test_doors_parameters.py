"""Parameter Store and the secret as doors: a text of any kind is in force or is refused, and never anything else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from drawbridge.approval.approvers import parse_approvers
from drawbridge.association.binding import Binding
from drawbridge.association.parse_binding import parse_binding
from drawbridge.association.quotas import quotas_in_force
from drawbridge.aws.secrets import Secrets
from drawbridge.configuration import in_force
from drawbridge.decision.policies import parse_policy
from drawbridge.errors import AccessDeniedError, InvalidInputError
from drawbridge.lattice import MatchAttributes
from drawbridge.publication.documents import ConnectionDocument, differences, read_connection, says_the_same
from tests.fakes.configuration import InMemoryParameters
from tests.odd import ODD_JSON, fuzzed, json_texts, values, with_odd_members
from tests.odd_bindings import BINDING, ODD_YAML

APPROVERS: dict[str, Any] = {
    "teamId": "T0TEAM",
    "userIds": ["U0ALICE"],
    "userGroupIds": ["S0GROUP"],
    "speakFor": {"111111111111": ["U0BOB"]},
    "escalationChannel": "C0ESCALATE",
}
SECRET = {"botToken": "xoxb-1", "signingSecret": "shhh"}
CONNECTION: dict[str, Any] = {
    "schemaVersion": 1,
    "dnsName": "a",
    "hostedZoneId": "Z1",
    "privateDnsName": None,
    "portRanges": ["5432"],
    "protocol": "TCP",
    "mode": "resource-endpoint",
    "vpcId": "vpc-0123456789abcdef0",
    "endpointId": "vpce-0123456789abcdef0",
    "associationId": "a",
    "resourceConfigurationArn": "arn",
    "alias": {"zoneId": "Z1", "name": "a.b"},
    "provider": "111111111111",
    "publishedAt": "2026-11-25T12:00:00+00:00",
}


def is_read_or_refused(read: Callable[[str], object], text: str) -> None:
    try:
        read(text)
    except InvalidInputError as error:
        assert str(error)


def binding(text: str) -> Binding:
    return parse_binding("fuzzed", text)


@pytest.mark.parametrize("text", [*ODD_JSON, *ODD_YAML], ids=range(len(ODD_JSON) + len(ODD_YAML)))
@pytest.mark.parametrize("read", [binding, parse_approvers, lambda text: parse_policy("fuzzed", text)])
def test_no_odd_text_is_in_force_as_anything(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(InvalidInputError):
        read(text)


@fuzzed
@given(json_texts | with_odd_members(BINDING) | with_odd_members(BINDING).map(lambda text: f"# YAML\n{text}"))
def test_a_binding_of_any_shape_is_read_or_refused(text: str) -> None:
    is_read_or_refused(binding, text)


@fuzzed
@given(
    values.map(lambda value: yaml.safe_dump(value, allow_unicode=False))
    | st.text(alphabet="{}[]&*:-?!<| \n\"'\\ax0", max_size=40)
)
def test_yaml_of_any_shape_is_read_or_refused(text: str) -> None:
    is_read_or_refused(binding, text)


@fuzzed
@given(st.text(alphabet="ab*?[]!^-\\.", min_size=1, max_size=30), st.text(alphabet="ab-", max_size=10))
def test_globs_of_any_shape_match_or_do_not(glob: str, name: str) -> None:
    parsed = binding(f'{{"match": {{"resource": {_json(glob)}}}, "attach": {_json(BINDING["attach"])}}}')

    assert parsed.match.matches(MatchAttributes(name=name, type="SINGLE", owner="111111111111"), "share") in {
        True,
        False,
    }


@fuzzed
@given(json_texts | with_odd_members(APPROVERS))
def test_approvers_of_any_shape_are_read_or_refused(text: str) -> None:
    is_read_or_refused(parse_approvers, text)


@fuzzed
@given(st.text(max_size=40) | st.text(alphabet="0123456789", max_size=6000) | st.sampled_from(ODD_JSON))
def test_a_quota_of_any_text_is_a_number_within_bounds_or_refused(text: str) -> None:
    name = "resource-endpoints-per-vpc"
    quotas = quotas_in_force(InMemoryParameters("quotas", {name: [text]}))

    assert all(0 < limit <= 1_000_000 for _, limit in quotas.things)
    assert len(quotas.things) + len(quotas.broken) == 1


def test_a_number_of_more_digits_than_python_reads_is_refused() -> None:
    assert quotas_in_force(
        InMemoryParameters("quotas", {"resource-endpoints-per-vpc": ["000000001" + "9" * 5000]})
    ).broken


@fuzzed
@given(
    st.text(alphabet='permit(rincal,oesu)when{t;}"@&|!.[]+-*<>=/ :A1\n\\', max_size=200)
    | st.text(max_size=40).map(lambda text: f"permit(principal, action, resource) when {{ {text} }};")
)
def test_a_policy_of_any_text_is_read_or_refused(text: str) -> None:
    is_read_or_refused(lambda cedar: parse_policy("fuzzed", cedar), text)


CHAINS = {
    "members": "context" + ".a" * 3900,
    "a path that there may be": "context has a" + ".a" * 3900,
    "a sum": "1" + "+1" * 3900 + " == 1",
    "a difference": "1" + "-1" * 3900 + " == 1",
    "a product": "1" + "*1" * 3900 + " == 1",
    "members by index": "context" + '["a"]' * 1500,
    "calls": "[1].contains(1)" + ".contains(1)" * 600,
    "a conjunction": "true" + "&&true" * 1300,
    "a disjunction": "true" + "||true" * 1300,
    "negations": "!" * 7900 + "true",
    "minus signs": "-" * 7900 + "1 == 1",
    "choices": "if true then true else " * 340 + "true",
    "brackets": "(" * 3900 + "true" + ")" * 3900,
    "sets": "[" * 3900 + "1" + "]" * 3900 + " == [1]",
    "mixed": "(" * 49 + "1" + ("+1" * 70 + ")") * 49 + " == 1",
    "members in brackets": "(" * 49 + "context" + (".a" * 75 + ")") * 49 + " == 1",
}


def test_no_chain_of_operators_takes_the_process_down() -> None:
    """In a process of its own: Cedar's parser would end this one, which no test can catch."""
    texts = [f"permit(principal, action, resource) when {{{each}}};" for each in CHAINS.values()]
    assert all(len(text) < 8192 for text in texts)

    ended = subprocess.run([sys.executable, "-c", _READ_EACH, *texts], capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout.split()) == (0, ["refused"] * len(texts)), ended.stderr[-500:]


_READ_EACH = """
import sys
from drawbridge.decision.policies import InvalidPolicyError, parse_policy
for text in sys.argv[1:]:
    try:
        parse_policy("chained", text)
        print("read", flush=True)
    except InvalidPolicyError:
        print("refused", flush=True)
"""


def test_a_policy_of_many_statements_may_have_as_many_operators() -> None:
    condition = 'principal.id like "1*" && principal.id != "12"'
    statement = f'permit(principal, action == Action::"accept", resource) when {{ {condition} }};\n'

    assert len(parse_policy("many", statement * 70).statements) == 70


@fuzzed
@given(json_texts | with_odd_members(SECRET))
def test_a_secret_of_any_shape_is_one_or_is_said_to_be_none(text: str) -> None:
    client: Any = SimpleNamespace(get_secret_value=lambda SecretId: {"SecretString": text})  # noqa: N803 - AWS's name
    secrets = Secrets(client, "drawbridge/slack", now=lambda: datetime.now(UTC))

    try:
        assert secrets.slack().signing_secret.encode()
    except AccessDeniedError as error:
        assert "shhh" not in str(error)


@fuzzed
@given(json_texts | with_odd_members(CONNECTION))
def test_a_published_parameter_that_somebody_wrote_is_read_or_is_another(text: str) -> None:
    document = read_connection(_json(CONNECTION))
    assert document is not None

    assert isinstance(read_connection(text), ConnectionDocument | None)
    assert says_the_same(document, text) in {True, False}
    assert isinstance(differences(document, text), list)


@fuzzed
@given(st.lists(json_texts, max_size=4))
def test_one_broken_parameter_stops_no_other(texts: list[str]) -> None:
    written = InMemoryParameters(
        "bindings", {"good": [_json(BINDING)]} | {f"odd-{number}": [text] for number, text in enumerate(texts)}
    )

    found = in_force(written, "bindings", parse_binding)

    assert "good" in {each.name for each in found.things}
    assert len(found.things) + len(found.broken) == len(texts) + 1


def _json(value: Any) -> str:
    return json.dumps(value)
