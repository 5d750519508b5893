"""Lambda's and Step Functions' resource types."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any

from moto.awslambda.models import lambda_backends

from local_aws import project
from local_aws.deployment.failure import DeploymentError
from local_aws.deployment.resource_types import CreatedResource, TemplateResource, add_type
from local_aws.deployment.template import ARTIFACTS, artifact
from local_aws.functions import sources

_layer_folders: dict[str, Path] = {}
"""The folder of each layer version's content, by its ARN."""


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


def make_function(resource: TemplateResource) -> Any:
    """Make a function, and register where its code and layers are on this machine."""
    properties = resource.properties
    code = dict(properties["Code"])
    folder = artifact(code["S3Key"]) if code.get("S3Bucket") == ARTIFACTS else None
    layers = tuple(path for arn in properties.get("Layers", ()) for path in layer_paths(_layer_folders[arn]))
    options = resource.only(
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
    lambda_ = resource.client("lambda")
    lambda_.create_function(
        FunctionName=resource.name,
        Code={"ZipFile": _zip(folder)} if folder else code,
        Environment={"Variables": environment},
        Tags=tags,
        **options,
    )
    reserved = properties.get("ReservedConcurrentExecutions")
    if reserved is not None:
        lambda_.put_function_concurrency(FunctionName=resource.name, ReservedConcurrentExecutions=int(reserved))
    function = lambda_backends[resource.account_id][resource.region].get_function(resource.name)
    # moto forgets where a function's lost asynchronous invocations go.
    function.dead_letter_config = properties.get("DeadLetterConfig")
    if folder:
        source = sources.FunctionSource(code=folder, layers=layers)
        sources.register(resource.account_id, resource.region, resource.name, source)
    return function


def make_layer_version(resource: TemplateResource) -> CreatedResource:
    content = resource.properties["Content"]
    if content.get("S3Bucket") != ARTIFACTS:
        raise DeploymentError(f"{resource.logical_id}: a layer with a local ContentUri is expected")
    folder = artifact(content["S3Key"])
    version = resource.client("lambda").publish_layer_version(
        LayerName=resource.properties.get("LayerName", resource.name),
        Content={"ZipFile": _zip(None)},
        **resource.only("CompatibleRuntimes", "CompatibleArchitectures", "Description", "LicenseInfo"),
    )
    arn = version["LayerVersionArn"]
    _layer_folders[arn] = folder
    return CreatedResource(arn, {"LayerVersionArn": arn})


def layer_paths(folder: Path) -> tuple[Path, ...]:
    """Return the folders that a layer puts on the path: its dependencies for this machine, then its own source.

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


def make_permission(resource: TemplateResource) -> CreatedResource:
    lambda_ = resource.client("lambda")
    function = resource.properties["FunctionName"]
    statement_id = resource.name
    lambda_.add_permission(
        FunctionName=function,
        StatementId=statement_id,
        **resource.only(
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
    return CreatedResource(
        statement_id,
        {"Id": statement_id},
        lambda: lambda_.remove_permission(FunctionName=function, StatementId=statement_id),
    )


def make_url(resource: TemplateResource) -> CreatedResource:
    lambda_ = resource.client("lambda")
    function = resource.properties["TargetFunctionArn"]
    url = lambda_.create_function_url_config(FunctionName=function, **resource.only("AuthType", "Cors", "InvokeMode"))
    return CreatedResource(
        url["FunctionArn"],
        {"FunctionUrl": url["FunctionUrl"], "FunctionArn": url["FunctionArn"]},
        lambda: lambda_.delete_function_url_config(FunctionName=function),
    )


def make_version(resource: TemplateResource) -> CreatedResource:
    """Publish a version, without ``undo``: SAM has CloudFormation retain it, so it is deleted with its function."""
    version = resource.client("lambda").publish_version(**resource.only("FunctionName", "Description"))
    arn = version["FunctionArn"]
    return CreatedResource(arn, {"FunctionArn": arn, "Version": version["Version"]})


def make_alias(resource: TemplateResource) -> CreatedResource:
    properties = resource.properties
    lambda_ = resource.client("lambda")
    alias = lambda_.create_alias(**resource.only("FunctionName", "Name", "FunctionVersion", "Description"))
    name = {"FunctionName": properties["FunctionName"], "Name": properties["Name"]}
    return CreatedResource(alias["AliasArn"], {"AliasArn": alias["AliasArn"]}, lambda: lambda_.delete_alias(**name))


def make_event_invoke_config(resource: TemplateResource) -> CreatedResource:
    # moto keeps one configuration per function, for all qualifiers.
    lambda_ = resource.client("lambda")
    function = resource.properties["FunctionName"]
    lambda_.put_function_event_invoke_config(
        **resource.only("FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "DestinationConfig")
    )
    return CreatedResource(
        resource.name, undo=lambda: lambda_.delete_function_event_invoke_config(FunctionName=function)
    )


def make_state_machine(resource: TemplateResource) -> CreatedResource:
    """Make a state machine in the backend that runs it, from a file or from text, with its substitutions made."""
    properties = resource.properties
    options: dict[str, Any] = {}
    if "LoggingConfiguration" in properties:
        options["loggingConfiguration"] = _camel(properties["LoggingConfiguration"])
    if "TracingConfiguration" in properties:
        options["tracingConfiguration"] = _camel(properties["TracingConfiguration"])
    if "StateMachineType" in properties:
        options["type"] = properties["StateMachineType"]
    states = resource.client("stepfunctions")
    arn = states.create_state_machine(
        name=resource.name,
        definition=_definition(resource),
        roleArn=properties["RoleArn"],
        tags=[{"key": tag["Key"], "value": tag["Value"]} for tag in properties.get("Tags", ())],
        **options,
    )["stateMachineArn"]
    attributes = {"Arn": arn, "Name": resource.name, "StateMachineRevisionId": "INITIAL"}
    return CreatedResource(arn, attributes, lambda: states.delete_state_machine(stateMachineArn=arn))


def _definition(resource: TemplateResource) -> str:
    properties = resource.properties
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
    """Return a value as CloudFormation writes it where a string is expected."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _zip(folder: Path | None) -> bytes:
    """Pack a folder, so that a function's size and hash depend on its code."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("local", "runs from the repository's folder")
        for path in sorted(folder.rglob("*.py")) if folder else ():
            archive.write(path, path.relative_to(folder or path))
    return packed.getvalue()
