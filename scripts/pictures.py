"""Spectrograms of rendered clips for the README.

Arguments: a run directory, the directory for the pictures, ids of the run.
"""

import json
import sys
from pathlib import Path

import matplotlib
import numpy as np
import soundfile
from PIL import Image

matplotlib.use("Agg")
import matplotlib.pyplot as plt

WINDOW, HOP = 2048, 480
FLOOR_DB = -90.0


def spectrogram(samples: np.ndarray) -> np.ndarray:
    """Decibels below the loudest, [WINDOW / 2 + 1, frames]."""
    padded = np.pad(samples, WINDOW // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP] * np.hanning(WINDOW)
    power = np.abs(np.fft.rfft(frames)) ** 2
    return 10 * np.log10(np.maximum(power / max(power.max(), 1e-12), 1e-12)).T


def draw(audio: Path, picture: Path) -> None:
    samples, rate = soundfile.read(audio, dtype="float32")
    figure, axes = plt.subplots(figsize=(5.6, 2.2), dpi=100, layout="constrained")
    extent = (0, len(samples) / rate, 0, rate / 2000)
    axes.imshow(
        spectrogram(samples),
        origin="lower",
        aspect="auto",
        extent=extent,
        vmin=FLOOR_DB,
        vmax=0,
        cmap="magma",
    )
    axes.set(xlabel="s", ylabel="kHz", ylim=(0, 8))
    figure.savefig(picture)
    plt.close(figure)
    # An indexed picture is a third of the size, and nobody sees the difference.
    with Image.open(picture) as drawn:
        drawn.convert("RGB").quantize(64).save(picture, optimize=True)


def main() -> None:
    run, pictures, *wanted = sys.argv[1:]
    rows = [json.loads(line) for line in (Path(run) / "metadata.jsonl").read_text().splitlines()]
    found = {row["id"]: row for row in rows}
    missing = [name for name in wanted if name not in found]
    if missing:
        sys.exit(f"scripts/pictures: {run}/metadata.jsonl has no id {missing[0]}; name ids of that run")
    Path(pictures).mkdir(parents=True, exist_ok=True)
    for name in wanted:
        picture = Path(pictures) / f"{name}.png"
        draw(Path(run) / found[name]["file_name"], picture)
        print(f"![{name}]({Path(pictures).name}/{picture.name})\n*{found[name]['caption']}*\n")


if __name__ == "__main__":
    main()
