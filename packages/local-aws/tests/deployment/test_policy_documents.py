"""Writing a template's policies to files, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from local_aws.deployment.policy_documents import document_policies, main

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Owners": {"Type": "String", "Default": ""}},
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "Policies": [
                    {
                        "PolicyDocument": {
                            "Statement": [{"Effect": "Allow", "Action": "a:B", "Resource": {"Ref": "Owners"}}]
                        }
                    }
                ]
            },
        }
    },
}


@pytest.fixture
def template(tmp_path: Path) -> str:
    path = tmp_path / "template.json"
    path.write_text(json.dumps(TEMPLATE))
    return str(path)


@pytest.mark.parametrize(("examples", "resource"), [([], "example"), (["--example", "Owners=somebody"], "somebody")])
def test_a_parameter_has_its_default_or_the_example_that_is_given(
    template: str, tmp_path: Path, examples: list[str], resource: str
) -> None:
    folder, document = tmp_path / "policies", tmp_path / "guide.md"
    document.write_text("```json\n" + json.dumps({"Statement": [{"Sid": "Shown"}]}) + "\n```\n")

    main([template, str(folder), *examples, str(document)])

    written = {path.stem: json.loads(path.read_text()) for path in folder.iterdir()}
    assert written.keys() == {"Role", "guide-1-0"}
    assert written["Role"]["Statement"][0]["Resource"] == resource
    assert written["guide-1-0"]["Statement"] == [{"Sid": "Shown"}]


@pytest.mark.parametrize("example", ["Owner=somebody", "Owners"])
def test_an_example_of_no_parameter_is_refused(
    template: str, tmp_path: Path, example: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([template, str(tmp_path / "policies"), "--example", example])

    assert "argument --example: " in capsys.readouterr().err
    assert not (tmp_path / "policies").exists()


DOCUMENT = """
```yaml
Resources:
  Destination: {Type: "AWS::Events::ApiDestination"}
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: sts:AssumeRole}]
      Policies:
        - PolicyDocument: {Statement: [{Effect: Allow, Action: a:B, Resource: !GetAtt Destination.Arn}]}
```
"""


def test_the_example_of_a_document_may_be_a_template_and_its_trust_policies_are_left_out() -> None:
    ((name, policy),) = document_policies("page", DOCUMENT)

    (statement,) = policy["Statement"]
    assert (name, statement["Action"]) == ("page-1-0", "a:B")
    assert statement["Resource"].endswith(":api-destination/Destination/*")
