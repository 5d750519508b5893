"""AWS's errors, as moto serializes them."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException


class AwsError(ServiceException):  # type: ignore[misc] # moto ships no types, its exception is Any here
    """An error with an AWS ``code``, sent with the HTTP status that the service's model has for it."""

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(code, message)
        for name, value in members.items():
            setattr(self, name, value)


def unsuccessful(resource_id: str, code: str, message: str) -> dict[str, Any]:
    """Return an item of the ``Unsuccessful`` list in EC2's successful answers."""
    return {"ResourceId": resource_id, "Error": {"Code": code, "Message": message}}
