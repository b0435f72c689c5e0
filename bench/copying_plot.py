"""Draws throughput against memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path


def draw(file: Path, names: Mapping[str, str], panels: Sequence[tuple[str, Mapping[str, tuple[float, float]]]]) -> None:
    """A panel for each setting, with a point for each way: megabytes added, megabytes a second."""
    import matplotlib as mpl  # noqa: PLC0415 (of `make bench` alone)

    mpl.use("Agg")
    mpl.rcParams["svg.hashsalt"] = "lumeo"
    from matplotlib import pyplot as plt  # noqa: PLC0415

    figure, axes = plt.subplots(1, len(panels), figsize=(9, 3.6), sharey=True, layout="constrained")
    for axis, (setting, points) in zip(axes, panels, strict=True):
        for way, (memory, speed) in points.items():
            axis.scatter(memory, speed, s=60 if way == "ours" else 30, color="C3" if way == "ours" else "C0")
            axis.annotate(names[way], (memory, speed), xytext=(5, 5), textcoords="offset points", fontsize=8)
        axis.set_title(f"S3 answers {setting}", fontsize=9)
        axis.set_xlabel("added memory, MB")
        axis.set_xlim(0, 1.35 * max(memory for memory, _ in points.values()))
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("throughput, MB/s")
    axes[0].set_ylim(0)
    file.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
