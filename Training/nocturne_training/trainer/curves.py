"""The loss curves of a training as a picture."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from .log import read

_NOT_LOSSES = {"step", "split", "seconds", "rate"}


def draw(log: Path, picture: Path) -> None:
    """Reads a `log.jsonl`, writes a PNG: one panel a figure, training as a line, validation as dots."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    series: dict[str, dict[str, tuple[list[int], list[float]]]] = defaultdict(
        lambda: defaultdict(lambda: ([], []))
    )
    for entry in read(log):
        for name, value in entry.items():
            if name not in _NOT_LOSSES and isinstance(value, int | float):
                steps, values = series[name][entry["split"]]
                steps.append(entry["step"])
                values.append(value)
    if not series:
        return
    columns = min(3, len(series))
    rows = -(-len(series) // columns)
    figure, axes = pyplot.subplots(rows, columns, figsize=(4.5 * columns, 3 * rows), squeeze=False)
    for axis in axes.flat[len(series) :]:
        axis.set_axis_off()
    for axis, (name, splits) in zip(axes.flat, series.items(), strict=False):
        for split, (steps, values) in splits.items():
            axis.plot(
                steps, values, "o-" if split == "valid" else "-", markersize=3, linewidth=1, label=split
            )
        axis.set_title(name, fontsize=9)
        axis.set_xlabel("step", fontsize=8)
        axis.legend(fontsize=7)
    figure.tight_layout()
    figure.savefig(picture, dpi=100)
    pyplot.close(figure)
