"""Lambda's and Step Functions' resource types."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from moto.awslambda.models import lambda_backends

from local_aws import project
from local_aws.deployment.failure import DeploymentError
from local_aws.deployment.resource_types import Made, Wanted, add_type
from local_aws.deployment.template import ARTIFACTS, artifact
from local_aws.functions import sources

_layer_folders: dict[str, Path] = {}
"""Where the content of a layer version is, by its ARN."""


def add_types() -> None:
    add_type("AWS::Lambda::Function", make_function, named_by="FunctionName")
    add_type("AWS::Lambda::LayerVersion", make_layer_version, attributes=("LayerVersionArn",))
    add_type("AWS::Lambda::Permission", make_permission, attributes=("Id",))
    add_type("AWS::Lambda::Url", make_url, attributes=("FunctionUrl", "FunctionArn"))
    add_type("AWS::Lambda::Version", make_version, attributes=("FunctionArn", "Version"))
    add_type("AWS::Lambda::Alias", make_alias, attributes=("AliasArn",))
    add_type("AWS::Lambda::EventInvokeConfig", make_event_invoke_config, attributes=())
    add_type(
        "AWS::StepFunctions::StateMachine",
        make_state_machine,
        named_by="StateMachineName",
        attributes=("Arn", "Name", "StateMachineRevisionId"),
    )


def make_function(wanted: Wanted) -> Any:
    """Make a function, and return where its code and layers are on this machine."""
    properties = wanted.properties
    code = dict(properties["Code"])
    folder = artifact(code["S3Key"]) if code.get("S3Bucket") == ARTIFACTS else None
    layers = tuple(path for arn in properties.get("Layers", ()) for path in layer_paths(_layer_folders[arn]))
    options = wanted.only(
        "Architectures",
        "DeadLetterConfig",
        "Description",
        "EphemeralStorage",
        "Handler",
        "KmsKeyArn",
        "Layers",
        "LoggingConfig",
        "MemorySize",
        "PackageType",
        "Role",
        "Runtime",
        "SnapStart",
        "Timeout",
        "TracingConfig",
        "VpcConfig",
    )
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", ())}
    environment = {name: _text(value) for name, value in properties.get("Environment", {}).get("Variables", {}).items()}
    lambda_ = wanted.client("lambda")
    lambda_.create_function(
        FunctionName=wanted.name,
        Code={"ZipFile": _zip(folder)} if folder else code,
        Environment={"Variables": environment},
        Tags=tags,
        **options,
    )
    reserved = properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        lambda_.put_function_concurrency(FunctionName=wanted.name, ReservedConcurrentExecutions=int(reserved))
    function = lambda_backends[wanted.account_id][wanted.region].get_function(wanted.name)
    # moto forgets where a function's lost asynchronous invocations go.
    function.dead_letter_config = properties.get("DeadLetterConfig")
    if folder:
        source = sources.FunctionSource(code=folder, layers=layers)
        sources.register(wanted.account_id, wanted.region, wanted.name, source)
    return function


def make_layer_version(wanted: Wanted) -> Made:
    content = wanted.properties["Content"]
    if content.get("S3Bucket") != ARTIFACTS:
        raise DeploymentError(f"{wanted.logical_id}: a layer with a local ContentUri is expected")
    folder = artifact(content["S3Key"])
    told = wanted.client("lambda").publish_layer_version(
        LayerName=wanted.properties.get("LayerName", wanted.name),
        Content={"ZipFile": _zip(None)},
        **wanted.only("CompatibleRuntimes", "CompatibleArchitectures", "Description", "LicenseInfo"),
    )
    arn = told["LayerVersionArn"]
    _layer_folders[arn] = folder
    return Made(arn, {"LayerVersionArn": arn})


def layer_paths(folder: Path) -> tuple[Path, ...]:
    """Return what a layer puts on the path: its dependencies for this machine, then its own source.

    Raises:
        DeploymentError: the dependencies are not installed.
    """
    if not (folder / "requirements.txt").exists():
        return (folder,)
    installed = project.current().dependencies(folder.name)
    if not installed.is_dir():
        raise DeploymentError(
            f"{folder.name}: the layer's dependencies are missing, install them for this machine: "
            f"pip install --target {installed} -r {folder / 'requirements.txt'}"
        )
    return (installed, folder)


def make_permission(wanted: Wanted) -> Made:
    lambda_ = wanted.client("lambda")
    function = wanted.properties["FunctionName"]
    statement = wanted.name
    lambda_.add_permission(
        FunctionName=function,
        StatementId=statement,
        **wanted.only(
            "Action",
            "Principal",
            "SourceArn",
            "SourceAccount",
            "EventSourceToken",
            "PrincipalOrgID",
            "FunctionUrlAuthType",
            "InvokedViaFunctionUrl",
        ),
    )
    return Made(
        statement, {"Id": statement}, lambda: lambda_.remove_permission(FunctionName=function, StatementId=statement)
    )


def make_url(wanted: Wanted) -> Made:
    lambda_ = wanted.client("lambda")
    function = wanted.properties["TargetFunctionArn"]
    told = lambda_.create_function_url_config(FunctionName=function, **wanted.only("AuthType", "Cors", "InvokeMode"))
    return Made(
        told["FunctionArn"],
        {"FunctionUrl": told["FunctionUrl"], "FunctionArn": told["FunctionArn"]},
        lambda: lambda_.delete_function_url_config(FunctionName=function),
    )


def make_version(wanted: Wanted) -> Made:
    """Publish a version; without ``undo``, as it goes with its function: SAM has CloudFormation retain it."""
    told = wanted.client("lambda").publish_version(**wanted.only("FunctionName", "Description"))
    arn = told["FunctionArn"]
    return Made(arn, {"FunctionArn": arn, "Version": told["Version"]})


def make_alias(wanted: Wanted) -> Made:
    properties = wanted.properties
    lambda_ = wanted.client("lambda")
    told = lambda_.create_alias(**wanted.only("FunctionName", "Name", "FunctionVersion", "Description"))
    name = {"FunctionName": properties["FunctionName"], "Name": properties["Name"]}
    return Made(told["AliasArn"], {"AliasArn": told["AliasArn"]}, lambda: lambda_.delete_alias(**name))


def make_event_invoke_config(wanted: Wanted) -> Made:
    # moto keeps one for the function, whatever the qualifier.
    lambda_ = wanted.client("lambda")
    function = wanted.properties["FunctionName"]
    lambda_.put_function_event_invoke_config(
        **wanted.only("FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig")
    )
    return Made(wanted.name, undo=lambda: lambda_.delete_function_event_invoke_config(FunctionName=function))


def make_state_machine(wanted: Wanted) -> Made:
    """Make a state machine in the backend that runs it, from a file or from text, with what is to be filled in."""
    properties = wanted.properties
    options: dict[str, Any] = {}
    if "LoggingConfiguration" in properties:
        options["loggingConfiguration"] = _camel(properties["LoggingConfiguration"])
    if "TracingConfiguration" in properties:
        options["tracingConfiguration"] = _camel(properties["TracingConfiguration"])
    if "StateMachineType" in properties:
        options["type"] = properties["StateMachineType"]
    states = wanted.client("stepfunctions")
    arn = states.create_state_machine(
        name=wanted.name,
        definition=_definition(wanted),
        roleArn=properties["RoleArn"],
        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in properties.get("Tags", ())],
        **options,
    )["stateMachineArn"]
    attributes = {"Arn": arn, "Name": wanted.name, "StateMachineRevisionId": "INITIAL"}
    return Made(arn, attributes, lambda: states.delete_state_machine(stateMachineArn=arn))


def _definition(wanted: Wanted) -> str:
    properties = wanted.properties
    if "DefinitionS3Location" in properties:
        text = artifact(properties["DefinitionS3Location"]["Key"]).read_text()
    else:
        text = properties["DefinitionString"]
    for name, value in properties.get("DefinitionSubstitutions", {}).items():
        text = text.replace(f"${{{name}}}", _text(value))
    return str(text)


def _camel(value: Any) -> Any:
    """Spell CloudFormation's names as the API of Step Functions does."""
    if isinstance(value, dict):
        return {name[0].lower() + name[1:]: _camel(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_camel(inner) for inner in value]
    return value


def _text(value: Any) -> str:
    """Put a value as CloudFormation does where a string is wanted."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _zip(folder: Path | None) -> bytes:
    """Pack a folder, so that a function's size and hash tell something."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("local", "runs from the repository's folder")
        for path in sorted(folder.rglob("*.py")) if folder else ():
            archive.write(path, path.relative_to(folder or path))
    return packed.getvalue()
