"""One logger and one set of metrics for every function."""

import json
from typing import Any

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "Drawbridge"


def _as_ascii(entry: Any) -> str:
    """Return a line of the log in ASCII alone: nothing that others put into their names is invisible in it."""
    return json.dumps(entry, default=str, separators=(",", ":")).replace("\x7f", "\\u007f")


logger = Logger(log_uncaught_exceptions=True, json_serializer=_as_ascii)
metrics = Metrics(namespace=NAMESPACE)
