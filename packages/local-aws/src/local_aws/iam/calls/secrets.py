"""Secrets Manager and KMS."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam import facts
from local_aws.iam.rules import AwsCall, Requirement, Rules, key
from local_aws.policy_language.patterns import Context


def _secret(call: AwsCall) -> Iterator[Requirement]:
    # A secret that does not exist has no ARN: AWS then checks the name, which no ARN in a policy matches, so that the
    # error is a missing permission rather than a missing secret.
    identifier = str(call.params.get("SecretId") or "")
    arn = facts.secret_arn(call.account_id, call.region, identifier) or identifier
    yield call.requires(call.operation, arn, kind="Secret")


def _create(call: AwsCall) -> Iterator[Requirement]:
    # The six characters that AWS adds are not known yet.
    arn = call.arn(f"secret:{call.params.get('Name')}-??????")
    yield call.requires("CreateSecret", arn, key("secretsmanager:Name", call.params.get("Name")), kind="Secret")
    if call.params.get("Tags"):
        yield call.requires("TagResource", arn, kind="Secret")


def _secret_keys(call: AwsCall) -> Context:
    return {
        **key("secretsmanager:VersionStage", call.params.get("VersionStage")),
        **key("secretsmanager:VersionId", call.params.get("VersionId")),
        **key("secretsmanager:RecoveryWindowInDays", call.params.get("RecoveryWindowInDays")),
        **key("secretsmanager:ForceDeleteWithoutRecovery", call.params.get("ForceDeleteWithoutRecovery")),
    }


_ON_SECRETS = (
    "CancelRotateSecret",
    "DeleteResourcePolicy",
    "DeleteSecret",
    "DescribeSecret",
    "GetResourcePolicy",
    "GetSecretValue",
    "ListSecretVersionIds",
    "PutResourcePolicy",
    "PutSecretValue",
    "RestoreSecret",
    "RotateSecret",
    "TagResource",
    "UntagResource",
    "UpdateSecret",
    "UpdateSecretVersionStage",
)

SECRETS = Rules(special={**dict.fromkeys(_ON_SECRETS, _secret), "CreateSecret": _create}, keys=_secret_keys)


def _key(call: AwsCall) -> Iterator[Requirement]:
    identifier = str(call.params.get("KeyId") or call.params.get("TargetKeyId") or "")
    arn = facts.key_arn(call.account_id, call.region, identifier) or (
        identifier
        if identifier.startswith("arn:")
        else call.arn(identifier if identifier.startswith("alias/") else f"key/{identifier or '*'}")
    )
    yield call.requires(call.operation, arn, kind="key")
    alias = call.params.get("AliasName")
    if alias:
        yield call.requires(call.operation, call.arn(str(alias)), kind="alias")


def _re_encrypt(call: AwsCall) -> Iterator[Requirement]:
    for action, name in (("ReEncryptFrom", "SourceKeyId"), ("ReEncryptTo", "DestinationKeyId")):
        identifier = str(call.params.get(name) or "")
        yield call.requires(
            action, facts.key_arn(call.account_id, call.region, identifier) or call.arn("key/*"), kind="key"
        )


def _kms_keys(call: AwsCall) -> Context:
    keys: dict[str, tuple[str, ...]] = dict(key("kms:CallerAccount", call.account_id))
    context = call.params.get("EncryptionContext") or {}
    if context:
        keys |= key("kms:EncryptionContextKeys", list(context))
    for name, value in context.items():
        keys |= key(f"kms:EncryptionContext:{name}", value)
    identifier = str(call.params.get("KeyId") or "")
    return keys | key("kms:RequestAlias", identifier) if identifier.startswith("alias/") else keys


_ON_KEYS = (
    "CancelKeyDeletion",
    "CreateAlias",
    "CreateGrant",
    "Decrypt",
    "DeleteAlias",
    "DescribeKey",
    "DisableKey",
    "DisableKeyRotation",
    "EnableKey",
    "EnableKeyRotation",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "GetKeyPolicy",
    "GetKeyRotationStatus",
    "GetPublicKey",
    "ListGrants",
    "ListKeyPolicies",
    "ListResourceTags",
    "PutKeyPolicy",
    "RevokeGrant",
    "ScheduleKeyDeletion",
    "Sign",
    "TagResource",
    "UntagResource",
    "UpdateAlias",
    "UpdateKeyDescription",
    "Verify",
    "VerifyMac",
)

KMS = Rules(
    special={**dict.fromkeys(_ON_KEYS, _key), "ReEncrypt": _re_encrypt},
    keys=_kms_keys,
    tagging="TagResource",
)
