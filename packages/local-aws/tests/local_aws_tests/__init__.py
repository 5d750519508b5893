"""What tests of the local AWS share, and what other projects' tests do with it too."""

import pkgutil

import pytest

# Helpers assert too, and say what was compared only if pytest has rewritten them.
pytest.register_assert_rewrite(*(f"{__name__}.{each.name}" for each in pkgutil.iter_modules(__path__)))
