"""The pictures in ``docs/images``, drawn of what ``python -m bench.burst`` wrote: ``python -m bench.charts [FILE]``."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import msgspec

mpl.use("Agg")

from matplotlib import pyplot as plt
from matplotlib.ticker import FuncFormatter

from bench.burst import WRITTEN
from bench.table import Line, Way
from local_stack.stack import REPOSITORY

_IMAGES = REPOSITORY / "docs" / "images"
_COLOURS: Mapping[Way, str] = {"drawbridge": "#1b6ca8", "one call each": "#c44536", "a poll a minute": "#8a8a8a"}


def draw(lines: Sequence[Line], folder: Path) -> list[Path]:
    """Draw time beside the physical limit, and calls a connection, both by the number at once; return the files."""
    bursts = [line for line in lines if line.what == "connections" and line.services == 1 and not line.faults]
    return [
        _time(bursts, folder / "bench-time.png"),
        _calls(bursts, folder / "bench-calls.png"),
    ]


def _time(lines: Sequence[Line], path: Path) -> Path:
    figure, axes = _axes("Connections at once: until all are available and published", "seconds on AWS's clock")
    limits = sorted({(line.items, line.limit) for line in lines})
    axes.plot(*zip(*limits, strict=True), color="black", linestyle="--", marker="_", label="AWS's limit")
    for way, measured in _by_way(lines).items():
        through = [(line.items, line.seconds) for line in measured if line.seconds is not None]
        if through:
            axes.plot(*zip(*through, strict=True), color=_COLOURS[way], marker="o", label=way)
    unfinished = [line for line in lines if line.seconds is None]
    told = [f"{line.way}: {line.published:,} of {line.names:,}, and no more" for line in unfinished]
    axes.text(0.99, 0.03, "\n".join(told), transform=axes.transAxes, ha="right", fontsize=8)
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    return _written(figure, axes, path)


def _calls(lines: Sequence[Line], path: Path) -> Path:
    figure, axes = _axes("Connections at once: AWS calls for each", "calls a connection, throttled ones hatched")
    sizes = sorted({line.items for line in lines})
    width = 0.8 / len(_COLOURS)
    for place, (way, measured) in enumerate(_by_way(lines).items()):
        at = [sizes.index(line.items) + (place - 1) * width for line in measured]
        calls = [line.calls_each for line in measured]
        throttled = [sum(line.throttled.values()) / line.items for line in measured]
        axes.bar(at, calls, width, color=_COLOURS[way], label=way)
        axes.bar(at, throttled, width, color="none", edgecolor="white", hatch="////", linewidth=0)
    axes.set_xscale("linear")
    axes.set_xticks(range(len(sizes)), [f"{size:,}" for size in sizes])
    return _written(figure, axes, path)


def _by_way(lines: Sequence[Line]) -> Mapping[Way, list[Line]]:
    ordered = sorted(lines, key=lambda line: line.items)
    found: dict[Way, list[Line]] = {way: [line for line in ordered if line.way == way] for way in _COLOURS}
    return {way: measured for way, measured in found.items() if measured}


def _axes(title: str, measured: str) -> tuple[Any, Any]:
    figure, axes = plt.subplots(figsize=(8, 4.5), layout="constrained")
    axes.set_title(title, loc="left")
    axes.set_xlabel("connections at once")
    axes.set_ylabel(measured)
    axes.set_xscale("log")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", alpha=0.3)
    return figure, axes


def _written(figure: Any, axes: Any, path: Path) -> Path:
    axes.legend(frameon=False)
    # Without the library's version and the date, the same figures make the same file.
    figure.savefig(path, dpi=150, metadata={"Software": None})
    plt.close(figure)
    return path


def main() -> None:
    written = Path(sys.argv[1]) if sys.argv[1:] else WRITTEN
    try:
        lines = msgspec.json.decode(written.read_bytes(), type=list[Line])
    except (OSError, msgspec.DecodeError) as error:
        sys.exit(f"{written}: {error}; python -m bench.burst writes it")
    for path in draw(lines, _IMAGES):
        print(path.relative_to(REPOSITORY))


if __name__ == "__main__":
    main()
