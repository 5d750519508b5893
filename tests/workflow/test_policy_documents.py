"""The policies that linters are given are all that there are, and whole."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from local_aws.testing.deployment import cloudformation_of, policies_in, policies_of
from tests import policy_findings
from tests.builders import REPOSITORY
from tests.workflow.definition import RESOURCES

POLICIES: dict[str, Any] = dict(policies_of(cloudformation_of(REPOSITORY / "template.yaml")))


def test_each_policy_of_each_resource_is_among_them() -> None:
    holding = {
        name for name, each in RESOURCES.items() if {"Policies", "PolicyDocument"} & each.get("Properties", {}).keys()
    }

    assert holding == {name.removesuffix("-otherwise") for name in POLICIES}


@pytest.mark.parametrize("name", POLICIES)
def test_nothing_in_them_is_left_for_cloudformation_to_put_in(name: str) -> None:
    left = set(re.findall(r"\$\{[^}]*\}|Fn::\w+|\"Ref\"", json.dumps(POLICIES[name])))

    assert left <= {"${aws:PrincipalOrgID}"}
    assert all(each["Resource"] for each in POLICIES[name]["Statement"])


def test_the_examples_in_documents_are_read() -> None:
    text = (REPOSITORY / "docs" / "local-aws.md").read_text()

    (name, policy), *_ = policies_in("local-aws", text)

    assert name.startswith("local-aws-")
    assert policy["Statement"][0]["Action"] == "ssm:PutParameter"


def test_what_shows_no_policy_is_none() -> None:
    assert [*policies_in("d", "```yaml\na: [1\n```\n```json\n[]\n```\n")] == []


FINDING = {
    "issue": "RESOURCE_MISMATCH",
    "title": "No resources match",
    "detail": [{"action": "s3:GetObject", "required_format": "*"}],
    "location": {"filepath": "/tmp/Role.json", "line": 3},  # noqa: S108 - a name, no file
}


def test_a_finding_without_an_answer_is_reported_and_so_is_an_answer_without_a_finding() -> None:
    unanswered = policy_findings.unanswered([FINDING])

    assert unanswered[0] == "RESOURCE_MISMATCH s3:GetObject *: No resources match: Role.json"
    assert len(unanswered) == 1 + len(policy_findings.ANSWERS)
    assert all(each.endswith("answered, and no longer found") for each in unanswered[1:])
