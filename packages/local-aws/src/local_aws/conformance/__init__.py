"""Validation of requests and answers against botocore's models of the services."""
