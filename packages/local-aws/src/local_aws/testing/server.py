"""Serving: ``with LocalAws() as aws`` answers at ``aws.url`` until the block ends."""

from __future__ import annotations

from local_aws.server import LocalAws

__all__ = ["LocalAws"]
