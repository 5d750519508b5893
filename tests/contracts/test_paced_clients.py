"""Clients of what is paced make each call once: the SDK would repeat at once what the pace holds back."""

from __future__ import annotations

from typing import Any
from unittest.mock import Mock

import pytest

from drawbridge.aws.errors import translated
from drawbridge.bootstrap import clients
from drawbridge.errors import ThrottledError


def test_a_paced_call_that_is_throttled_is_made_once_and_aws_says_when_it_may_be_made_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "us-east-1")
    client: Any = clients.paced.__wrapped__("vpc-lattice")
    answer = Mock(
        status_code=429,
        headers={"x-amzn-errortype": "ThrottlingException", "retry-after": "7"},
        content=b'{"message": "slow down"}',
    )
    send = Mock(return_value=answer)
    client.meta.events.register("before-send.vpc-lattice", send)

    with pytest.raises(ThrottledError, match="slow down") as raised, translated("list services"):
        client.list_services()

    assert (send.call_count, raised.value.after) == (1, 7)
