"""Known differences between answers and botocore's models, each with its reason."""

from __future__ import annotations

from fnmatch import fnmatchcase

from local_aws.conformance.findings import Finding

# (operation, kind, path): reason; ``*`` stands for any text.
KNOWN: dict[tuple[str, str, str], str] = {
    ("cloudformation:DescribeStackResource", "missing", "StackResourceDetail.LastUpdatedTimestamp"): (
        "moto's template names the time otherwise; nothing here reads it"
    ),
    ("ec2:*", "enum", "*.State"): "AWS's own states of endpoints come in two spellings, its model has one (Trap 9)",
    ("ec2:*", "enum", "*VpcEndpointState"): "as above",
    ("ec2:*", "enum", "*.IpAddressType"): "as above: of the newer kinds of endpoints, AWS says IPV4",
    ("ec2:DescribeImages", "enum", "*.Platform"): "AWS says windows where its model says Windows",
    ("ec2:DescribeInstanceTypes", "enum", "*.SupportedFeatures*"): "moto's list of types is newer than the model",
    ("ec2:RequestSpotInstances", "missing", "*.Monitoring.Enabled"): "moto leaves out members that were not requested",
    ("route53:CreateHostedZone", "missing", "DelegationSet"): "a private zone has none; its model requires one",
    ("route53:ListHealthChecks", "missing", "*"): "moto lists all on one page, without the page's members",
    ("route53:ListHostedZones", "missing", "Marker"): "the answer has no marker if the request had none",
    ("route53:ListReusableDelegationSets", "missing", "Marker"): "as above",
    ("sqs:StartMessageMoveTask", "error code", ""): "AWS says InvalidParameterValue, which its model does not list",
}


def unexpected(findings: list[Finding]) -> list[str]:
    """Return the findings that have no reason here."""
    return [str(each) for each in findings if not _is_known(each)]


def _is_known(finding: Finding) -> bool:
    finding_key = (finding.operation, finding.kind, finding.path)
    return any(
        all(fnmatchcase(text, _literal(one)) for text, one in zip(finding_key, each, strict=True)) for each in KNOWN
    )


def _literal(pattern: str) -> str:
    return pattern.replace("[", "[[]")
