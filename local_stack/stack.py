"""Drawbridge's own stack on the local AWS, with Slack if the template asks there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from local_aws.testing.deployment import Stack

REPOSITORY = Path(__file__).resolve().parent.parent
TEMPLATE = REPOSITORY / "template.yaml"
NAMES = {"provider": "111111111111", "consumer": "222222222222"}
"""The accounts that have the stack, by what they are called."""

ACCOUNTS = tuple(NAMES.values())
REGION = "us-east-1"

PARAMETERS: Mapping[str, str] = {
    "LookEvery": "rate(1 minute)",
    # The management account does not have this role: here, it then stands for a person who may do everything.
    "OrganizationsRoleName": "DrawbridgeOrganizationReader",
}
"""The stack's parameters that differ from the template's defaults."""

SECRET = "drawbridge/slack"  # noqa: S105 - its name
APPROVERS: Mapping[str, Any] = {"teamId": "T0LOCAL0001", "userIds": ["U0ALICE"], "userGroupIds": ["S0NETADMINS"]}


def deploy_stack(
    account_id: str, region: str = REGION, parameters: Mapping[str, str] | None = None, *, name: str = "drawbridge"
) -> Stack:
    """Deploy the stack; if its template asks in Slack, install the account's app in the local workspace too.

    The parameter ``SlackChannel`` set to "" leaves Slack out.

    Raises:
        DeploymentError: it can't be deployed.
    """
    # Loading moto takes most of a second, and the names above are used without it.
    from local_aws.testing.deployment import deploy  # noqa: PLC0415
    from local_aws.testing.slack import APPROVALS, api_url, workspace  # noqa: PLC0415

    values = {**PARAMETERS, **(parameters or {})}
    for_slack = _parameters_of_slack()
    asks = bool(for_slack) and values.get("SlackChannel", APPROVALS) != ""
    if asks:
        app = workspace.install(account_id, name="Drawbridge")
        known = {"SlackChannel": APPROVALS, "SlackApiUrl": api_url(), "SlackAppId": app.app_id}
        values = {**{each: known[each] for each in for_slack}, **values}
        _keep_secret(account_id, region, {"botToken": app.bot_token, "signingSecret": app.signing_secret})
    stack = deploy(TEMPLATE, account_id, region, name=name, parameters=values)
    if asks:
        workspace.install(account_id, stack.outputs["SlackCallbackUrl"])
        _name_approvers(account_id, region, values.get("Prefix", "drawbridge"))
    return stack


def _parameters_of_slack() -> set[str]:
    """Return the names of the template's parameters for Slack; empty if it does not ask there."""
    from local_aws.testing.deployment import read  # noqa: PLC0415 - as above

    template = read(TEMPLATE)
    declared = set(template.get("Parameters") or ())
    asks = {"SlackChannel", "SlackApiUrl"} <= declared and "SlackCallbackUrl" in (template.get("Outputs") or ())
    return declared & {"SlackChannel", "SlackApiUrl", "SlackAppId"} if asks else set()


def _keep_secret(account_id: str, region: str, secret: Mapping[str, str]) -> None:
    from local_aws.testing.deployment import client  # noqa: PLC0415 - as above

    secrets = client("secretsmanager", account_id, region)
    text = json.dumps(secret)
    try:
        secrets.create_secret(Name=SECRET, SecretString=text)
    except secrets.exceptions.ResourceExistsException:
        secrets.put_secret_value(SecretId=SECRET, SecretString=text)


def _name_approvers(account_id: str, region: str, prefix: str) -> None:
    from local_aws.testing.deployment import client  # noqa: PLC0415 - as above

    client("ssm", account_id, region).put_parameter(
        Name=f"/{prefix}/config/approvers", Value=json.dumps(APPROVERS), Type="String", Overwrite=True
    )
