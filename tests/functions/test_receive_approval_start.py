"""What ``receive_approval`` starts with."""

import os
import subprocess
import sys

import pytest

from tests.builders import REPOSITORY


@pytest.mark.parametrize("module", ["slack_sdk", "cedarpy", "yaml"])
def test_nothing_is_loaded_that_an_answer_within_three_seconds_does_not_need(module: str) -> None:
    paths = ["functions/receive_approval", "layers/drawbridge"]
    loaded = subprocess.run(
        [sys.executable, "-c", f"import app, sys; print({module!r} in sys.modules, app.lambda_handler is not None)"],
        env={
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(str(REPOSITORY / path) for path in paths),
            "POWERTOOLS_SERVICE_NAME": "drawbridge",
        },
        capture_output=True,
        text=True,
        check=True,
    )

    assert loaded.stdout == "False True\n"
