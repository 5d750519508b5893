"""Helpers for tests of the local AWS, which other projects' tests use too."""

import pkgutil

import pytest

# Helpers assert too, and say what was compared only if pytest has rewritten them.
pytest.register_assert_rewrite(*(f"{__name__}.{each.name}" for each in pkgutil.iter_modules(__path__)))
