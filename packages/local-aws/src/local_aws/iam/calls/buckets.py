"""S3, whose operations have other names in IAM."""

from __future__ import annotations

from collections.abc import Iterator

from local_aws.iam.rules import ANY, AwsCall, Requirement, Rules

_ACTIONS = {
    "AbortMultipartUpload": "AbortMultipartUpload",
    "CompleteMultipartUpload": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListParts": "ListMultipartUploadParts",
    "UploadPart": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
}


def _arn(call: AwsCall, bucket: object, name: object = None) -> str:
    arn = f"arn:{call.partition}:s3:::{bucket}"
    return f"{arn}/{name}" if name else arn


def _object_or_bucket(call: AwsCall) -> Iterator[Requirement]:
    bucket, name = call.params.get("Bucket"), call.params.get("Key")
    action = _ACTIONS.get(call.operation, call.operation)
    if call.operation == "DeleteObjects":
        for each in (call.params.get("Delete") or {}).get("Objects") or ():
            yield call.requires(action, _arn(call, bucket, each.get("Key")), kind="object")
    else:
        yield call.requires(action, _arn(call, bucket, name) if bucket else ANY, kind="object" if name else "bucket")


def _copy(call: AwsCall) -> Iterator[Requirement]:
    source = call.params.get("CopySource")
    path = f"{source.get('Bucket')}/{source.get('Key')}" if isinstance(source, dict) else str(source or "")
    yield call.requires("GetObject", _arn(call, path.lstrip("/").split("?")[0]), kind="object")
    yield call.requires("PutObject", _arn(call, call.params.get("Bucket"), call.params.get("Key")), kind="object")


_PLAIN = (
    "CreateBucket",
    "DeleteBucket",
    "DeleteBucketPolicy",
    "DeleteObject",
    "DeleteObjectTagging",
    "GetBucketAcl",
    "GetBucketLocation",
    "GetBucketPolicy",
    "GetBucketTagging",
    "GetBucketVersioning",
    "GetObject",
    "GetObjectTagging",
    "PutBucketPolicy",
    "PutBucketTagging",
    "PutBucketVersioning",
    "PutObject",
    "PutObjectTagging",
)

RULES = Rules(
    special={
        **dict.fromkeys((*_ACTIONS, *_PLAIN), _object_or_bucket),
        **dict.fromkeys(("CopyObject", "UploadPartCopy"), _copy),
    }
)
