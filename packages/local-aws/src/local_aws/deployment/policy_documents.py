"""Writing the policies of a template and of documents to files, for linters that read IAM policies only.

``python -m local_aws.deployment.policy_documents TEMPLATE.json FOLDER [DOCUMENT.md ...] [--example NAME=VALUE ...]``:
where CloudFormation would put a value in, an example is put in here; each branch of an ``Fn::If`` is a file of its own.
"""

from __future__ import annotations

import argparse
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

_PSEUDO = {"AWS::AccountId": "111122223333", "AWS::Partition": "aws", "AWS::Region": "us-east-1"}
_REGION_AND_ACCOUNT = "us-east-1:111122223333"
_ARNS = {
    "AWS::CloudWatch::Alarm": f"arn:aws:cloudwatch:{_REGION_AND_ACCOUNT}:alarm:{{}}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{_REGION_AND_ACCOUNT}:table/{{}}",
    "AWS::Events::ApiDestination": f"arn:aws:events:{_REGION_AND_ACCOUNT}:api-destination/{{}}/*",
    "AWS::Events::Connection": f"arn:aws:events:{_REGION_AND_ACCOUNT}:connection/{{}}/*",
    "AWS::Events::EventBus": f"arn:aws:events:{_REGION_AND_ACCOUNT}:event-bus/{{}}",
    "AWS::Events::Rule": f"arn:aws:events:{_REGION_AND_ACCOUNT}:rule/{{}}",
    "AWS::IAM::Role": "arn:aws:iam::111122223333:role/{}",
    "AWS::Lambda::Alias": f"arn:aws:lambda:{_REGION_AND_ACCOUNT}:function:{{}}:1",
    "AWS::Lambda::Function": f"arn:aws:lambda:{_REGION_AND_ACCOUNT}:function:{{}}",
    "AWS::Lambda::Version": f"arn:aws:lambda:{_REGION_AND_ACCOUNT}:function:{{}}:1",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{_REGION_AND_ACCOUNT}:log-group:{{}}:*",
    "AWS::SNS::Topic": f"arn:aws:sns:{_REGION_AND_ACCOUNT}:{{}}",
    "AWS::SQS::Queue": f"arn:aws:sqs:{_REGION_AND_ACCOUNT}:{{}}",
    "AWS::StepFunctions::StateMachine": f"arn:aws:states:{_REGION_AND_ACCOUNT}:stateMachine:{{}}",
}
_BLOCK = re.compile(r"```(?:ya?ml|json)\n(.*?)```", re.DOTALL)
_VARIABLE = re.compile(r"\$\{([\w:.]+)\}")


def template_policies(template: Mapping[str, Any], examples: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
    """Yield each policy of each resource with a name, once for each branch of its conditions.

    ``examples`` are values of parameters, in place of their defaults.
    """
    parameters = {**template.get("Parameters", {}), **{name: {"Default": value} for name, value in examples.items()}}
    template = {**template, "Parameters": parameters}
    for logical_id, resource in template["Resources"].items():
        properties = resource.get("Properties", {})
        for number, document in enumerate(_documents(properties)):
            name = f"{logical_id}-{number}" if number else str(logical_id)
            then, otherwise = (_filled(document, template, branch) for branch in (0, 1))
            yield name, then
            if otherwise != then:
                yield f"{name}-otherwise", otherwise


def document_policies(name: str, text: str) -> Iterator[tuple[str, Any]]:
    """Yield each policy in a document's examples, which may be templates."""
    for number, block in enumerate(_BLOCK.findall(text), 1):
        example = _read(block)
        is_template = isinstance(example, dict) and isinstance(example.get("Resources"), dict)
        template = example if is_template else {"Resources": {}}
        for place, found in enumerate(_statements_in(example)):
            yield f"{name}-{number}-{place}", _filled(found, template, 0)


def _documents(properties: Mapping[str, Any]) -> Iterator[Any]:
    # A trust policy is not among them: linters require a Resource in each statement.
    for policy in properties.get("Policies", ()):
        yield policy["PolicyDocument"]
    if "PolicyDocument" in properties:
        yield properties["PolicyDocument"]


def _read(block: str) -> Any:
    try:
        return yaml_parse(block)
    except Exception:  # noqa: BLE001 - an example that is no YAML is no policy
        return None


def _statements_in(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        if "Statement" in value:
            yield {"Version": "2012-10-17", **value}
            return
        # A trust policy is none of them, as above.
        value = [each for name, each in value.items() if name != "AssumeRolePolicyDocument"]
    for each in value if isinstance(value, list) else ():
        yield from _statements_in(each)


def _filled(value: Any, template: Mapping[str, Any], branch: int) -> Any:  # noqa: PLR0911 - one for each function
    """Return the value with references filled in as by CloudFormation; None for what it leaves out."""

    def fill(inner: Any) -> Any:
        return _filled(inner, template, branch)

    match value:
        case {"Ref": "AWS::NoValue"}:
            return None
        case {"Fn::If": [_, *branches]}:
            return fill(branches[branch])
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
    """Return the value of a reference; None if it is none."""
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
    return str(parameter.get("Default") or "example")


def _arn(logical_id: str, template: Mapping[str, Any]) -> str:
    return _ARNS[template["Resources"][logical_id]["Type"]].format(logical_id)


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the policies."""
    parser = argparse.ArgumentParser(prog="python -m local_aws.deployment.policy_documents")
    parser.add_argument("template", type=Path, help="CloudFormation, as JSON")
    parser.add_argument("folder", type=Path, help="where they are written; other JSON files there are deleted")
    parser.add_argument("documents", type=Path, nargs="*", help="Markdown with examples of policies")
    parser.add_argument(
        "--example",
        action="append",
        default=[],
        type=_example,
        metavar="NAME=VALUE",
        help="the value of a parameter, in place of its default",
    )
    options = parser.parse_intermixed_args(arguments)
    template, examples = json.loads(options.template.read_text()), dict(options.example)
    for name in examples.keys() - template.get("Parameters", {}).keys():
        parser.error(f"argument --example: the template has no parameter {name}")
    policies = [*template_policies(template, examples)]
    for each in options.documents:
        policies += document_policies(each.stem, each.read_text())
    write(policies, options.folder)


def _example(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not (name and separator):
        raise argparse.ArgumentTypeError(f"NAME=VALUE is expected, not {text}")
    return name, value


def write(policies: Iterable[tuple[str, Any]], folder: Path) -> None:
    """Write each policy to a file of its name, and delete all other JSON files of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.json"):
        old.unlink()
    for name, document in policies:
        (folder / f"{name}.json").write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
