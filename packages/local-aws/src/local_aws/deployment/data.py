"""Resource types of DynamoDB, Parameter Store, Secrets Manager and CloudWatch."""

from __future__ import annotations

import json
import secrets
import string
import uuid
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.utilities.utils import get_partition

from local_aws.deployment.failure import DeploymentError
from local_aws.deployment.resource_types import CreatedResource, TemplateResource, add_type, moto_type


def add_types() -> None:
    add_type("AWS::DynamoDB::Table", make_table, named_by="TableName")
    add_type("AWS::SSM::Parameter", make_parameter, named_by="Name", attributes=("Type", "Value"))
    add_type("AWS::SecretsManager::Secret", make_secret, named_by="Name", attributes=("Id",))
    add_type("AWS::CloudWatch::Alarm", make_alarm, named_by="AlarmName", attributes=("Arn",))
    add_type("AWS::CloudWatch::Dashboard", make_dashboard, named_by="DashboardName", attributes=())
    add_type("AWS::Logs::QueryDefinition", make_query_definition, attributes=("QueryDefinitionId",))
    add_type("AWS::Logs::LogGroup", make_log_group, named_by="LogGroupName", attributes=("Arn",))


def make_table(resource: TemplateResource) -> Any:
    """Make a table with its backups and expiry, which moto drops."""
    properties = dict(resource.properties)
    if "SSESpecification" in properties:
        encryption = dict(properties["SSESpecification"])
        properties["SSESpecification"] = {"Enabled": encryption.pop("SSEEnabled"), **encryption}
    table = moto_type("AWS::DynamoDB::Table").create_from_cloudformation_json(
        resource.name, {"Properties": properties}, resource.account_id, resource.region
    )
    dynamodb = resource.client("dynamodb")
    expiry = properties.get("TimeToLiveSpecification")
    if expiry:
        dynamodb.update_time_to_live(TableName=resource.name, TimeToLiveSpecification=expiry)
    backups = properties.get("PointInTimeRecoverySpecification")
    if backups:
        dynamodb.update_continuous_backups(TableName=resource.name, PointInTimeRecoverySpecification=backups)
    return dynamodb_backends[resource.account_id][resource.region].tables.get(resource.name, table)


def make_parameter(resource: TemplateResource) -> CreatedResource:
    """Make a parameter; here, unlike elsewhere, CloudFormation takes tags as a map."""
    ssm = resource.client("ssm")
    tags = resource.properties.get("Tags") or {}
    ssm.put_parameter(
        Name=resource.name,
        Tags=[{"Key": key, "Value": str(value)} for key, value in tags.items()],
        **resource.only("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value"),
    )
    attributes = {name: str(resource.properties[name]) for name in ("Type", "Value")}
    return CreatedResource(resource.name, attributes, lambda: ssm.delete_parameter(Name=resource.name))


def make_secret(resource: TemplateResource) -> CreatedResource:
    properties = resource.properties
    value: dict[str, Any] = {}
    if "SecretString" in properties:
        value["SecretString"] = properties["SecretString"]
    elif "GenerateSecretString" in properties:
        value["SecretString"] = _generated(properties["GenerateSecretString"])
    client = resource.client("secretsmanager")
    arn = client.create_secret(Name=resource.name, **resource.only("Description", "KmsKeyId", "Tags"), **value)["ARN"]
    return CreatedResource(
        arn, {"Id": arn}, lambda: client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True)
    )


def make_alarm(resource: TemplateResource) -> CreatedResource:
    cloudwatch = resource.client("cloudwatch")
    alarm = {name: value for name, value in resource.properties.items() if name != "AlarmName"}
    cloudwatch.put_metric_alarm(AlarmName=resource.name, **alarm)
    arn = (
        f"arn:{get_partition(resource.region)}:cloudwatch:{resource.region}:{resource.account_id}:alarm:{resource.name}"
    )
    return CreatedResource(resource.name, {"Arn": arn}, lambda: cloudwatch.delete_alarms(AlarmNames=[resource.name]))


def make_dashboard(resource: TemplateResource) -> CreatedResource:
    """Make a dashboard; CloudWatch refuses a body that is no JSON object, which moto takes."""
    cloudwatch = resource.client("cloudwatch")
    body = str(resource.properties["DashboardBody"])
    try:
        is_object = isinstance(json.loads(body), dict)
    except ValueError:
        is_object = False
    if not is_object:
        raise DeploymentError("The field DashboardBody must be a valid JSON object")
    cloudwatch.put_dashboard(DashboardName=resource.name, DashboardBody=body)
    return CreatedResource(resource.name, undo=lambda: cloudwatch.delete_dashboards(DashboardNames=[resource.name]))


def make_query_definition(resource: TemplateResource) -> CreatedResource:
    """Take a saved query, which nobody can list: moto has none."""
    for name in ("Name", "QueryString"):
        resource.properties[name]
    query_id = str(uuid.uuid4())
    return CreatedResource(query_id, {"QueryDefinitionId": query_id})


def make_log_group(resource: TemplateResource) -> CreatedResource:
    """Make a log group whose ``Arn`` ends in ``:*``, as CloudFormation returns it; moto leaves that out."""
    logs = resource.client("logs")
    tags = {tag["Key"]: tag["Value"] for tag in resource.properties.get("Tags", ())}
    logs.create_log_group(logGroupName=resource.name, **({"tags": tags} if tags else {}))
    retention = resource.properties.get("RetentionInDays")
    if retention is not None:
        logs.put_retention_policy(logGroupName=resource.name, retentionInDays=int(retention))
    groups = logs.describe_log_groups(logGroupNamePrefix=resource.name)["logGroups"]
    (arn,) = (group["arn"] for group in groups if group["logGroupName"] == resource.name)
    return CreatedResource(resource.name, {"Arn": arn}, lambda: logs.delete_log_group(logGroupName=resource.name))


def _generated(settings: Mapping[str, Any]) -> str:
    punctuation = "" if settings.get("ExcludePunctuation") else "!#$%&()*+,-.:;<=>?@[]^_{|}~"
    alphabet = [
        character
        for character in string.ascii_letters + string.digits + punctuation
        if character not in _excluded(settings)
    ]
    password = "".join(secrets.choice(alphabet) for _ in range(int(settings.get("PasswordLength", 32))))
    key = settings.get("GenerateStringKey")
    return json.dumps({**json.loads(settings["SecretStringTemplate"]), key: password}) if key else password


def _excluded(settings: Mapping[str, Any]) -> str:
    return str(settings.get("ExcludeCharacters", ""))
