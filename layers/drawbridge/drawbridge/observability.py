"""One logger and one set of metrics for every function."""

from aws_lambda_powertools import Logger, Metrics

NAMESPACE = "Drawbridge"

logger = Logger(log_uncaught_exceptions=True)
metrics = Metrics(namespace=NAMESPACE)
