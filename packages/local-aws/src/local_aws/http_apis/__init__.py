"""API Gateway's HTTP APIs with routes to functions: payload format 2.0, the stage ``$default``.

The parts of an API are kept by moto (``apigatewayv2``), and served here.

- ``routes`` finds the route of a request, ``proxy_events`` makes the function's event, ``proxy_answers`` reads the
  function's response.
- ``serving`` serves APIs below ``/_local/apis/<api id>``; ``stages`` throttles.
"""

from __future__ import annotations

import functools
from typing import Any

from moto.apigatewayv2.models import ApiGatewayV2Backend

from local_aws.http_apis.serving import PREFIX, serve

__all__ = ["PREFIX", "install", "serve"]

_url = ""


def install(url: str) -> None:
    """Give each new API an endpoint below this address; harmless when done already."""
    global _url  # noqa: PLW0603 - one process, one address
    _url = url
    original = ApiGatewayV2Backend.create_api
    if hasattr(original, "__wrapped__"):
        return

    @functools.wraps(original)
    def create_api(self: Any, *args: Any, **kwargs: Any) -> Any:
        api = original(self, *args, **kwargs)
        api.api_endpoint = f"{_url}{PREFIX}/{api.api_id}"
        return api

    ApiGatewayV2Backend.create_api = create_api
