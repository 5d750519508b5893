"""The AWS edge: with ``bootstrap``, the only place that knows boto3. Each adapter speaks to one service."""
