"""A headless Chromium, driven through its own protocol over a pipe: no driver, no websocket."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 60
"""Real seconds that a page may take to respond."""

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

needs_browser = pytest.mark.skipif(BROWSER is None, reason="there is no Chromium here: apt-get install chromium")


class Tab:
    """One page."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._read = b""
        self._number = 0
        self._session = ""
        target = self._send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def open(self, url: str) -> None:
        self._send("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def resize(self, width: int, height: int = 1000) -> None:
        """Have a window of this size."""
        size: dict[str, Any] = {"width": width, "height": height}
        self._send("Emulation.setDeviceMetricsOverride", deviceScaleFactor=1, mobile=False, **size)

    def click(self, selector: str) -> None:
        """Click what a selector finds, once it is there."""
        self.until(f"document.querySelector({selector!r})")
        self.run(f"document.querySelector({selector!r}).click()")

    def run(self, script: str) -> Any:
        """Evaluate JavaScript and return its value."""
        result = self._send("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until a JavaScript condition holds."""
        deadline = time.monotonic() + PATIENCE
        while not self.run(f"!!({script})"):
            assert time.monotonic() < deadline, f"it did not come: {script}"

    def _send(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        command: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._commands, json.dumps(command).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _next(self) -> Any:
        while b"\0" not in self._read:
            read = os.read(self._answers, 65536)
            assert read, "the browser has ended"
            self._read += read
        message, _, self._read = self._read.partition(b"\0")
        return json.loads(message)


@contextmanager
def browsing(executable: str, folder: Path) -> Iterator[Tab]:
    """Run a browser with a profile of its own, and end it."""
    read_end, commands = os.pipe()
    answers, write_end = os.pipe()
    # The browser reads commands from descriptor 3 and writes answers to 4.
    line = f'exec "$0" "$@" 3<&{read_end} 4>&{write_end}'
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
    with subprocess.Popen(
        ["bash", "-c", line, executable, *options],
        pass_fds=(read_end, write_end),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as browser:
        os.close(read_end)
        os.close(write_end)
        try:
            yield Tab(commands, answers)
        finally:
            browser.terminate()
            os.close(commands)
            os.close(answers)
