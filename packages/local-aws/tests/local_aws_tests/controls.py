"""A client of the local AWS's control routes."""

from __future__ import annotations

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


class Control:
    """A client that returns the status and the JSON of each answer."""

    def __init__(self, url: str) -> None:
        self._url = url

    def get(self, route: str) -> tuple[int, Any]:
        return self.request("GET", route)

    def post(self, route: str, body: Any) -> tuple[int, Any]:
        return self.request("POST", route, json.dumps(body).encode())

    def request(self, method: str, route: str, body: bytes | None = None) -> tuple[int, Any]:
        try:
            with urlopen(Request(f"{self._url}/_local/{route}", data=body, method=method)) as answer:  # noqa: S310 - http
                return answer.status, json.load(answer)
        except HTTPError as error:
            with error:
                return error.code, json.load(error)
