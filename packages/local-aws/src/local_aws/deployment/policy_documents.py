"""The policies of a CloudFormation template and of documents, each as a file, for linters that know IAM alone.

``python -m local_aws.deployment.policy_documents TEMPLATE.json FOLDER [DOCUMENT.md ...]``: where CloudFormation would
put something in, something made up is put in here; each way of an ``Fn::If`` is a file of its own.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

_PSEUDO = {"AWS::AccountId": "111122223333", "AWS::Partition": "aws", "AWS::Region": "us-east-1"}
_HERE = "us-east-1:111122223333"
_ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{_HERE}:alarm:{{}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_HERE}:table/{{}}",
    "AWS::Events::EventBus": f"arn:aws:events:{_HERE}:event-bus/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{_HERE}:rule/{{}}",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/{}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_HERE}:function:{{}}",
    "AWS::Lambda::Version": f"arn:aws:lambda:{_HERE}:function:{{}}:1",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_HERE}:log-group:{{}}:*",
    "AWS::SNS::Topic": f"arn:aws:sns:{_HERE}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_HERE}:{{}}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{_HERE}:stateMachine:{{}}",
}
_SAMPLES = {
    "AliasZones": "Z0123456789ABC, Z0123456789DEF",
    "ManagedServices": "vpce-svc-0123456789abcdef0, vpce-svc-0123456789abcdef1",
    "OrganizationsAccountId": "111122223333",
    "OrganizationsRoleName": "organizations",
    "ShareOwners": "111122223333, 444455556666",
}
"""What parameters are that are empty by default, and stand in a policy."""
_BLOCK = re.compile(r"```(?:ya?ml|json)\n(.*?)```", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([\w:.]+)\}")


def of_template(template: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield each policy of each resource with a name, once for each way of its conditions."""
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        for number, document in enumerate(_documents(properties)):
            name = f"{logical_id}-{number}" if number else str(logical_id)
            then, otherwise = (_filled(document, template, way) for way in (0, 1))
            yield name, then
            if otherwise != then:
                yield f"{name}-otherwise", otherwise


def of_document(name: str, text: str) -> Iterator[tuple[str, Any]]:
    """Yield each policy in a document's examples."""
    for number, block in enumerate(_BLOCK.findall(text), 1):
        for place, found in enumerate(_statements_in(_read(block))):
            yield f"{name}-{number}-{place}", _filled(found, {"Resources": {}}, 0)


def _documents(properties: Mapping[str, Any]) -> Iterator[Any]:
    # A trust policy is not among them: linters want a Resource in each statement.
    for policy in properties.get("Policies", ()):
        yield policy["PolicyDocument"]
    if "PolicyDocument" in properties:
        yield properties["PolicyDocument"]


def _read(block: str) -> Any:
    try:
        return yaml_parse(block)
    except Exception:  # noqa: BLE001 - whatever a document shows that is no YAML, and so no policy
        return None


def _statements_in(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if "Statement" in value:
            yield {"Version": "2012-10-17", **value}
            return
        value = list(value.values())
    for each in value if isinstance(value, list) else ():
        yield from _statements_in(each)


def _filled(value: Any, template: Mapping[str, Any], way: int) -> Any:  # noqa: PLR0911 - one for each function
    """Put in what CloudFormation would; None for what it leaves out."""

    def fill(inner: Any) -> Any:
        return _filled(inner, template, way)

    match value:
        case {"Ref": "AWS::NoValue"}:
            return None
        case {"Fn::If": [_, *ways]}:
            return fill(ways[way])
        case {"Fn::Split": [str(delimiter), text]}:
            return fill(text).split(delimiter)
        case {"Fn::Join": [str(delimiter), parts]}:
            return delimiter.join(fill(parts))
        case dict():
            if (text := _text(value, template)) is not None:
                return text
            members = {name: fill(each) for name, each in value.items()}
            return {name: each for name, each in members.items() if each not in (None, {})}
        case list():
            return [each for each in map(fill, value) if each is not None]
    return value


def _text(value: Mapping[str, Any], template: Mapping[str, Any]) -> str | None:
    """Return what a reference stands for; None if it is none."""
    match value:
        case {"Ref": str(name)}:
            return _reference(name, template)
        case {"Fn::GetAtt": [str(logical_id), *_]}:
            return _arn(logical_id, template)
        case {"Fn::Sub": str(text)}:
            return _VARIABLE.sub(lambda found: _reference(found[1], template), text)
    return None


def _reference(name: str, template: Mapping[str, Any]) -> str:
    logical_id, _, attribute = name.partition(".")
    if attribute:
        return _arn(logical_id, template)
    if logical_id in _PSEUDO:
        return _PSEUDO[logical_id]
    if logical_id in template["Resources"]:
        return _arn(logical_id, template)
    parameter = template.get("Parameters", {}).get(logical_id, {})
    return _SAMPLES.get(logical_id) or str(parameter.get("Default") or "example")


def _arn(logical_id: str, template: Mapping[str, Any]) -> str:
    return _ARNS[template["Resources"][logical_id]["Type"]].format(logical_id)


def main(template: str, folder: str, *documents: str) -> None:
    """Write the policies."""
    policies = [*of_template(json.loads(Path(template).read_text()))]
    for each in map(Path, documents):
        policies += of_document(each.stem, each.read_text())
    write(policies, Path(folder))


def write(policies: Iterable[tuple[str, Any]], folder: Path) -> None:
    """Write each policy to a file of its name, and leave no others there."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, document in policies:
        (folder / f"{name}.json").write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main(*sys.argv[1:])
