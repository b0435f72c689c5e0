"""How plots are made: plain SVG that changes only where the numbers do."""

from typing import Any

from bench.report import PLOTS


def figure(rows: int, columns: int, *, width: float, height: float) -> tuple[Any, Any]:
    """A figure, and its panel or panels."""
    import matplotlib as mpl  # noqa: PLC0415 (only `make bench` installs it)

    mpl.use("svg")
    from matplotlib import pyplot as plt  # noqa: PLC0415

    plt.rcParams |= {"svg.hashsalt": "lumeo", "svg.fonttype": "none", "font.size": 9, "figure.facecolor": "white"}
    drawn, panels = plt.subplots(rows, columns, figsize=(width, height))
    return drawn, panels


def save(drawn: Any, file: str) -> None:
    """Under docs/benchmarks/, without the date."""
    PLOTS.mkdir(exist_ok=True)
    drawn.savefig(PLOTS / file, metadata={"Date": None})
