"""``python -m demo.recording FOLDER``: play the demo in a terminal, and write what it showed, as recording and picture.

The recording is asciinema's (``demo.cast``, version 2); the picture (``demo.svg``) moves, and where nothing may move
shows the end. The demo only ever adds lines, so that each is drawn once and the picture stays small.
"""

from __future__ import annotations

import codecs
import fcntl
import json
import os
import pty
import re
import struct
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

COLUMNS, ROWS = 134, 34
LONGEST_WAIT = 0.9
"""Seconds that nothing happens in the recording at most, however long it was."""
TOGETHER = 0.4
"""Seconds in which what is shown comes at once."""
END = 6
"""Seconds that the picture shows its end before it begins again."""

_STYLE = re.compile(r"\x1b\[([0-9;]*)m")
_CLASSES = {"1": "b", "2": "d", "31": "r", "32": "g", "36": "c"}
_WIDTH, _HEIGHT, _MARGIN = 7.25, 17, 14


@dataclass(frozen=True)
class Shown:
    """What came on the screen at a time."""

    at: float
    text: str


def record(command: Sequence[str]) -> Iterator[Shown]:
    """Run a command in a terminal; yield what it shows."""
    child, terminal = pty.fork()
    if child == 0:
        settings = os.environ | {"TERM": "xterm-256color", "COLUMNS": str(COLUMNS)}
        os.execvpe(command[0], [*command], settings)  # noqa: S606 - no shell is wanted
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    decoder = codecs.getincrementaldecoder("utf-8")()
    began = time.monotonic()
    while read := _read(terminal):
        yield Shown(time.monotonic() - began, decoder.decode(read))
    if status := os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]):
        raise SystemExit(f"the demo ended with {status}: nothing is written")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:
        # So Linux tells that the other end is closed.
        return b""


def shortened(shown: Sequence[Shown]) -> list[Shown]:
    """Return it without long waits, and with what comes close together at once."""
    found: list[Shown] = []
    before = at = 0.0
    for each in shown:
        at += min(each.at - before, LONGEST_WAIT)
        before = each.at
        if found and at - found[-1].at < TOGETHER:
            found[-1] = Shown(found[-1].at, found[-1].text + each.text)
        else:
            found.append(Shown(round(at, 2), each.text))
    return found


def cast(shown: Sequence[Shown]) -> str:
    lines: list[object] = [{"version": 2, "width": COLUMNS, "height": ROWS}]
    return "".join(f"{json.dumps(each)}\n" for each in [*lines, *([each.at, "o", each.text] for each in shown)])


def picture(shown: Sequence[Shown]) -> str:
    """Return an SVG that shows the lines as they came."""
    rows: list[str] = []
    steps = []
    for each in shown:
        new = [row for line in each.text.split("\n") for row in _rows(line.removesuffix("\r"))]
        # What follows the last line break begins the next line, and is empty as the demo prints whole lines.
        rows += new[:-1]
        steps.append((each.at, len(rows)))
    lasts = steps[-1][0] + END
    width, height = COLUMNS * _WIDTH + 2 * _MARGIN, ROWS * _HEIGHT + 2 * _MARGIN
    scroll = [(at, -max(0, count - ROWS) * _HEIGHT) for at, count in steps]
    cover = [(at, min(count, ROWS) * _HEIGHT) for at, count in steps]
    lines = "\n".join(f'<text y="{(n + 1) * _HEIGHT - 4}">{row}</text>' for n, row in enumerate(rows) if row)
    return f"""\
<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"
 role="img" aria-label="A recorded terminal session of make demo">
<style>
text {{ font: 12px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #d6deeb; white-space: pre }}
.b {{ font-weight: bold }} .d {{ fill: #8494ad }} .c {{ fill: #7fdbca }} .g {{ fill: #9fe06c }} .r {{ fill: #ff6b6b }}
#rows {{ transform: translateY({scroll[-1][1]}px) }} #cover {{ transform: translateY({cover[-1][1]}px) }}
@media (prefers-reduced-motion: no-preference) {{
#rows {{ animation: rows {lasts:.1f}s step-end infinite }} #cover {{ animation: cover {lasts:.1f}s step-end infinite }}
}}
@keyframes rows {{ {_keyframes([(0.0, 0), *scroll], lasts)} }}
@keyframes cover {{ {_keyframes([(0.0, 0), *cover], lasts)} }}
</style>
<rect width="100%" height="100%" rx="8" fill="#0b1220"/>
<svg x="{_MARGIN}" y="{_MARGIN}" width="{COLUMNS * _WIDTH:.0f}" height="{ROWS * _HEIGHT}">
<g id="rows">
{lines}
</g>
<rect id="cover" width="100%" height="100%" fill="#0b1220"/>
</svg>
</svg>
"""


def _keyframes(steps: Sequence[tuple[float, int]], lasts: float) -> str:
    return " ".join(f"{at / lasts:.2%} {{ transform: translateY({by}px) }}" for at, by in steps)


def _rows(line: str) -> list[str]:
    """Return a line as a terminal breaks it, each row with its styles."""
    rows, column, classes = [""], 0, ""
    for part in re.split(r"(\x1b\[[0-9;]*m)", line.rstrip()):
        if style := _STYLE.fullmatch(part):
            classes = " ".join(_CLASSES[code] for code in style[1].split(";") if code in _CLASSES)
            continue
        while part:
            room = COLUMNS - column
            piece, part = part[:room], part[room:]  # noqa: PLW2901 - the rest of it
            text = escape(piece)
            rows[-1] += f'<tspan class="{classes}">{text}</tspan>' if classes and piece.strip() else text
            column += len(piece)
            if part:
                rows.append("")
                column = 0
    return rows


def main() -> int:
    folder = Path(sys.argv[1])
    shown = shortened([*record([sys.executable, "-m", "demo"])])
    (folder / "demo.cast").write_text(cast(shown), encoding="utf-8")
    (folder / "demo.svg").write_text(picture(shown), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
