"""The numbers at the end of `scripts/chaos`: what its storms wrote down, and how long a run takes to resume.

Arguments: the storms' lines (JSON), the nocturne binary.
"""

import json
import subprocess
import sys
from pathlib import Path

# Where the runs that are resumed lie: a million files are quickly made and gone here; a resume only reads.
MEMORY = "/dev/shm"
BUSY_ITEMS = 500
SIZES = 5_521, 10_000, 100_000, 1_000_000


def storms(path: Path) -> list[str]:
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    lines = []
    for name in sorted({row["storm"] for row in rows}):
        mine = [row for row in rows if row["storm"] == name]
        total = {key: sum(row.get(key, 0) for row in mine) for key in mine[0] if key != "storm"}
        kills = total["worker_kills"] + total["coordinator_kills"]
        lines.append(
            f"{name}: {len(mine)} storm(s), {total['items']} items, {total['worker_kills']} worker kills, "
            f"{total['coordinator_kills']} coordinator kills, {total['stops']} stops, "
            f"{total['departures']} departures"
        )
        lines.append(f"  items lost {total['items_lost']}, duplicates {total['duplicates']}")
        if "rendered_again" in total:
            again = total["rendered_again"]
            lines.append(f"  rendered again {again}, {again / max(1, kills):.2f} for each kill")
    return lines


def farm(binary: str, items: int, *options: str) -> dict[str, float]:
    """What `nocturne bench farm` measures on this many items."""
    command = [binary, "bench", "farm", "--items", str(items), "--folder", MEMORY, "--json", *options]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def busy(binary: str) -> str:
    """How much of their time two workers render that take as long for an item as the demo model."""
    numbers = farm(binary, BUSY_ITEMS, "--item-seconds", "0.5")
    return f"busy: two workers {numbers['busy_fraction']:.1%} of the time, {BUSY_ITEMS} items of 0.5 s"


def scale(binary: str) -> list[str]:
    """Runs of no-op items, each then found done by a new coordinator: what an item costs at any size."""
    rows = [f"{'items':>9}  {'items/s':>7}  {'us an item':>10}  {'MiB':>4}  {'resumed in s':>12}"]
    for items in SIZES:
        numbers = farm(binary, items)
        rate, memory = numbers["items_per_second"], int(numbers["peak_rss_bytes"]) >> 20
        rows.append(
            f"{items:9,}  {rate:7,.0f}  {1e6 / rate:10.1f}  {memory:4}  {numbers['resume_seconds']:12.2f}"
        )
    return rows


def main() -> None:
    report, binary = sys.argv[1:]
    for line in storms(Path(report)):
        print(line)
    print(busy(binary))
    print("\n".join(scale(binary)))


if __name__ == "__main__":
    main()
