"""Draws throughput against memory."""

from collections.abc import Mapping, Sequence

from bench.plots import figure, save


def draw(file: str, names: Mapping[str, str], panels: Sequence[tuple[str, Mapping[str, tuple[float, float]]]]) -> None:
    """A panel for each setting, with a point for each way: megabytes added, megabytes a second."""
    drawn, axes = figure(1, len(panels), width=9, height=3.6)
    for axis, (setting, points) in zip(axes, panels, strict=True):
        for way, (memory, speed) in points.items():
            axis.scatter(memory, speed, s=60 if way == "ours" else 30, color="C3" if way == "ours" else "C0")
            axis.annotate(names[way], (memory, speed), xytext=(5, 5), textcoords="offset points", fontsize=8)
        axis.set(title=f"S3 answers {setting}", xlabel="added memory, MB", ylim=(0, None))
        axis.set_xlim(0, 1.35 * max(memory for memory, _ in points.values()))
        axis.grid(visible=True, alpha=0.3)
    axes[0].set_ylabel("throughput, MB/s")
    drawn.tight_layout()
    save(drawn, file)
