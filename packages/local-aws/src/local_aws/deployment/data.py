"""Resource types of DynamoDB, Parameter Store, Secrets Manager and CloudWatch."""

from __future__ import annotations

import json
import secrets
import string
from collections.abc import Mapping
from typing import Any

from moto.dynamodb.models import dynamodb_backends
from moto.utilities.utils import get_partition

from local_aws.deployment.resource_types import Made, Wanted, add_type, moto_type


def add_types() -> None:
    add_type("AWS::DynamoDB::Table", make_table, named_by="TableName")
    add_type("AWS::SSM::Parameter", make_parameter, named_by="Name", attributes=("Type", "Value"))
    add_type("AWS::SecretsManager::Secret", make_secret, named_by="Name", attributes=("Id",))
    add_type("AWS::CloudWatch::Alarm", make_alarm, named_by="AlarmName", attributes=("Arn",))
    add_type("AWS::Logs::LogGroup", make_log_group, named_by="LogGroupName", attributes=("Arn",))


def make_table(wanted: Wanted) -> Any:
    """Make a table with its backups and expiry, which moto drops."""
    properties = dict(wanted.properties)
    if "SSESpecification" in properties:
        told = dict(properties["SSESpecification"])
        properties["SSESpecification"] = {"Enabled": told.pop("SSEEnabled"), **told}
    table = moto_type("AWS::DynamoDB::Table").create_from_cloudformation_json(
        wanted.name, {"Properties": properties}, wanted.account_id, wanted.region
    )
    dynamodb = wanted.client("dynamodb")
    expiry = properties.get("TimeToLiveSpecification")
    if expiry:
        dynamodb.update_time_to_live(TableName=wanted.name, TimeToLiveSpecification=expiry)
    backups = properties.get("PointInTimeRecoverySpecification")
    if backups:
        dynamodb.update_continuous_backups(TableName=wanted.name, PointInTimeRecoverySpecification=backups)
    return dynamodb_backends[wanted.account_id][wanted.region].tables.get(wanted.name, table)


def make_parameter(wanted: Wanted) -> Made:
    """Make a parameter; here, unlike elsewhere, CloudFormation takes tags as a map."""
    ssm = wanted.client("ssm")
    tags = wanted.properties.get("Tags") or {}
    ssm.put_parameter(
        Name=wanted.name,
        Tags=[{"Key": key, "Value": str(value)} for key, value in tags.items()],
        **wanted.only("AllowedPattern", "DataType", "Description", "Policies", "Tier", "Type", "Value"),
    )
    attributes = {name: str(wanted.properties[name]) for name in ("Type", "Value")}
    return Made(wanted.name, attributes, lambda: ssm.delete_parameter(Name=wanted.name))


def make_secret(wanted: Wanted) -> Made:
    properties = wanted.properties
    value: dict[str, Any] = {}
    if "SecretString" in properties:
        value["SecretString"] = properties["SecretString"]
    elif "GenerateSecretString" in properties:
        value["SecretString"] = _generated(properties["GenerateSecretString"])
    client = wanted.client("secretsmanager")
    arn = client.create_secret(Name=wanted.name, **wanted.only("Description", "KmsKeyId", "Tags"), **value)["ARN"]
    return Made(arn, {"Id": arn}, lambda: client.delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True))


def make_alarm(wanted: Wanted) -> Made:
    cloudwatch = wanted.client("cloudwatch")
    told = {name: value for name, value in wanted.properties.items() if name != "AlarmName"}
    cloudwatch.put_metric_alarm(AlarmName=wanted.name, **told)
    arn = f"arn:{get_partition(wanted.region)}:cloudwatch:{wanted.region}:{wanted.account_id}:alarm:{wanted.name}"
    return Made(wanted.name, {"Arn": arn}, lambda: cloudwatch.delete_alarms(AlarmNames=[wanted.name]))


def make_log_group(wanted: Wanted) -> Made:
    """Make a log group whose ``Arn`` ends in ``:*``, as CloudFormation gives it; moto's is without."""
    logs = wanted.client("logs")
    tags = {tag["Key"]: tag["Value"] for tag in wanted.properties.get("Tags", ())}
    logs.create_log_group(logGroupName=wanted.name, **({"tags": tags} if tags else {}))
    retention = wanted.properties.get("RetentionInDays")
    if retention is not None:
        logs.put_retention_policy(logGroupName=wanted.name, retentionInDays=int(retention))
    told = logs.describe_log_groups(logGroupNamePrefix=wanted.name)["logGroups"]
    (arn,) = (group["arn"] for group in told if group["logGroupName"] == wanted.name)
    return Made(wanted.name, {"Arn": arn}, lambda: logs.delete_log_group(logGroupName=wanted.name))


def _generated(told: Mapping[str, Any]) -> str:
    signs = "" if told.get("ExcludePunctuation") else "!#$%&()*+,-.:;<=>?@[]^_{|}~"
    alphabet = [sign for sign in string.ascii_letters + string.digits + signs if sign not in _excluded(told)]
    password = "".join(secrets.choice(alphabet) for _ in range(int(told.get("PasswordLength", 32))))
    key = told.get("GenerateStringKey")
    return json.dumps({**json.loads(told["SecretStringTemplate"]), key: password}) if key else password


def _excluded(told: Mapping[str, Any]) -> str:
    return str(told.get("ExcludeCharacters", ""))
