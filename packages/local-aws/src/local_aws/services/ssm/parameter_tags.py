"""Tags in Systems Manager: AWS's limits, which moto lacks."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from moto.ssm.models import ssm_backends

from local_aws.moto_extension.errors import AwsError
from local_aws.moto_extension.operations import Proceed, ServiceCall, extend_operation

_MOST = 50


def install() -> None:
    extend_operation("ssm", "AddTagsToResource", _add)
    extend_operation("ssm", "RemoveTagsFromResource", _remove)


def check_new_tags(keys: Collection[str], kept: Iterable[str] = ()) -> None:
    """Refuse keys that are AWS's own, and more tags than a resource can have, with those that it has.

    The model has the code for too many; the one for AWS's own keys, and that a new parameter's tags get the same, are
    guesses.
    """
    _check_keys(keys)
    if len({*keys, *kept}) > _MOST:
        raise AwsError("TooManyTagsError", f"A resource can have at most {_MOST} tags.")


def _add(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    ssm = ssm_backends[call.account_id][call.region]
    kept = ssm.list_tags_for_resource(params["ResourceType"], params["ResourceId"])
    check_new_tags([tag["Key"] for tag in params["Tags"]], kept)
    return proceed()


def _remove(call: ServiceCall, params: dict[str, Any], proceed: Proceed) -> Any:
    _check_keys(params["TagKeys"])
    return proceed()


def _check_keys(keys: Iterable[str]) -> None:
    reserved = [key for key in keys if key.startswith("aws:")]
    if reserved:
        raise AwsError("ValidationException", f"The tag key {reserved[0]} is not valid: the prefix aws: is reserved.")
