"""Plots of the waiting part."""

from collections.abc import Mapping, Sequence

from bench.laws import Law
from bench.plots import figure, save
from bench.waiting_laws import Chapter


def draw_frontiers(chapters: Mapping[Law, Chapter]) -> None:
    """A panel for each law: delay against looks."""
    drawn, axes = figure(2, 2, width=9, height=7)
    for panel, law in zip(axes.flat, chapters, strict=True):
        for name, played in chapters[law].lines.items():
            style = {"optimum": "k-", "ours, after 50": "C0o-"}[name]
            panel.plot([one.looks for one in played], [one.delay for one in played], style, label=name, markersize=4)
        for n, (name, one) in enumerate(chapters[law].points.items()):
            panel.plot([one.looks], [one.delay], f"C{n + 1}s", label=name, markersize=6)
        panel.set(title=law.name, xlabel="looks", ylabel="delay (s)", xscale="log", yscale="log")
        panel.grid(visible=True, which="major", alpha=0.3)
    handles, labels = axes.flat[0].get_legend_handles_labels()
    drawn.legend(handles, labels, loc="lower center", ncols=3, fontsize=8, frameon=False)
    drawn.tight_layout(rect=(0, 0.09, 1, 1))
    save(drawn, "frontiers.svg")


def draw_adapting(series: Mapping[str, Sequence[float]]) -> None:
    """The cost of each prediction around a change."""
    drawn, panel = figure(1, 1, width=8, height=3.6)
    for name, style in (("× 1.5 to 5 s", "C1--"), ("optimum", "k-"), ("ours", "C0o-")):
        panel.plot(range(len(series[name])), series[name], style, label=name, markersize=3)
    panel.set(xlabel="prediction", ylabel="delay + 0.5 s × looks (s)", ylim=(0, None))
    panel.legend(frameon=False)
    panel.grid(visible=True, alpha=0.3)
    drawn.tight_layout()
    save(drawn, "adapting.svg")
