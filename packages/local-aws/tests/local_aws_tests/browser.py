"""A headless Chromium, driven through its own protocol over a pipe: no driver, no websocket."""

from __future__ import annotations

import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PATIENCE = 20
"""Real seconds that a page may take over anything."""


class Tab:
    """One page."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands = commands
        self._answers = answers
        self._read = b""
        self._number = 0
        self._session = ""
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def open(self, url: str) -> None:
        self._ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """Evaluate JavaScript, and return what comes of it."""
        told = self._ask("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in told, told["exceptionDetails"]
        return told["result"].get("value")

    def until(self, script: str) -> None:
        """Wait until it is so."""
        deadline = time.monotonic() + PATIENCE
        while not self.run(f"!!({script})"):
            assert time.monotonic() < deadline, f"it did not come: {script}"

    def _ask(self, method: str, **parameters: Any) -> Any:
        self._number += 1
        told: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            told["sessionId"] = self._session
        os.write(self._commands, json.dumps(told).encode() + b"\0")
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
    its_commands, commands = os.pipe()
    answers, its_answers = os.pipe()
    # It reads its commands from 3 and writes its answers to 4, whatever they are called here.
    line = f'exec "$0" "$@" 3<&{its_commands} 4>&{its_answers}'
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", f"--user-data-dir={folder}"]
    with subprocess.Popen(
        ["bash", "-c", line, executable, *options],
        pass_fds=(its_commands, its_answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as browser:
        os.close(its_commands)
        os.close(its_answers)
        try:
            yield Tab(commands, answers)
        finally:
            browser.terminate()
            os.close(commands)
            os.close(answers)
