"""API Gateway's HTTP APIs, as far as a route to a function goes: payload format 2.0, the stage ``$default``.

What an API consists of is moto's (``apigatewayv2``); what is served of it is here.

- ``routes`` finds the route of a request, ``proxy_events`` makes the function's event of it, ``proxy_answers`` reads
  what the function gave.
- ``serving`` does it all, below ``/_local/apis/<api id>``; ``stages`` is what a stage lets through.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.apigatewayv2.models import ApiGatewayV2Backend

from local_aws.http_apis.serving import PREFIX, serve

__all__ = ["PREFIX", "install", "serve"]

_url = ""


def install(url: str) -> None:
    """Have every API that is made from now on tell that it is found here; may be called again."""
    global _url  # noqa: PLW0603 - one process, one address
    _url = url
    original = ApiGatewayV2Backend.create_api
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def create_api(self: Any, *told: Any, **named: Any) -> Any:
        api = original(self, *told, **named)
        api.api_endpoint = f"{_url}{PREFIX}/{api.api_id}"
        return api

    ApiGatewayV2Backend.create_api = create_api
