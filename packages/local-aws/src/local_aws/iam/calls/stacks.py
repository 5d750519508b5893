"""CloudFormation: what only reads a stack that it names."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam import facts
from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules

_OF_A_STACK = ("DescribeStacks", "ListStackResources")


def _stack(call: AwsCall) -> Iterator[Requirement]:
    name = call.params.get("StackName")
    if not isinstance(name, str):
        yield call.requires(call.operation, ANY)
        return
    arn = facts.stack_arn(call.account_id, call.region, name) or call.arn(f"stack/{name}/*")
    yield call.requires(call.operation, arn, kind="stack")


RULES = Rules(special=dict.fromkeys(_OF_A_STACK, _stack))
