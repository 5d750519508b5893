"""The layers, as the template gives them: what a function imports is in them, and none is given for nothing."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.builders import REPOSITORY
from tests.workflow.definition import functions

LOADED = """
import importlib.util, sys
from importlib.abc import MetaPathFinder

class Missing(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "cedarpy":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Missing())
spec = importlib.util.spec_from_file_location("app", sys.argv[1])
spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""


@pytest.mark.parametrize(("name", "function"), functions().items())
def test_a_function_has_the_layer_of_the_policies_if_it_can_not_be_loaded_without(name: str, function: Any) -> None:
    """A module that is imported for a type alone drags along all that it imports."""
    app = Path(REPOSITORY / function["CodeUri"] / "app.py")
    given = {layer["Ref"] for layer in function["Layers"]}

    loaded = subprocess.run(
        [sys.executable, "-c", LOADED, str(app)],
        env={"PYTHONPATH": str(REPOSITORY / "layers" / "drawbridge")},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (loaded.returncode != 0) is ("PolicyLayer" in given), loaded.stderr
