"""The rules of each service, for what the service authorization reference does not define."""

from __future__ import annotations

from collections.abc import Mapping

from local_aws.iam.calls import (
    accounts,
    buckets,
    databases,
    functions,
    lattice,
    messages,
    networks,
    observation,
    parameters,
    schedules,
    secrets,
    shares,
    stacks,
    workflows,
    zones,
)
from local_aws.iam.rules import Rules

RULES: Mapping[str, Rules] = {
    "cloudformation": stacks.RULES,
    "cloudwatch": observation.CLOUDWATCH,
    "dynamodb": databases.RULES,
    "ec2": networks.RULES,
    "events": schedules.EVENTS,
    "iam": accounts.IAM,
    "kms": secrets.KMS,
    "lambda": functions.RULES,
    "logs": observation.LOGS,
    "organizations": accounts.ORGANIZATIONS,
    "ram": shares.RULES,
    "route53": zones.RULES,
    "s3": buckets.RULES,
    "scheduler": schedules.SCHEDULER,
    "secretsmanager": secrets.SECRETS,
    "sns": messages.SNS,
    "sqs": messages.SQS,
    "ssm": parameters.RULES,
    "states": workflows.RULES,
    "sts": accounts.STS,
    "vpc-lattice": lattice.RULES,
}
