"""Watching predictions: looks until they are over, and what a person sees meanwhile."""

import re
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from cli.api import Api, Prediction
from cli.talk import COLOURS
from cli.times import duration, lasted
from lumeo import clock
from lumeo.errors import ErrorCode

TERMINAL = {"succeeded", "failed", "canceled"}
SHORTEST_PAUSE, LONGEST_PAUSE = 0.25, 3.0
"""Seconds between two looks; in between, a twentieth of the time that they have been watched for."""


def watch(api: Api, predictions: Sequence[Prediction]) -> Iterator[Prediction]:
    """Each prediction as it is seen, first as given, until all are over."""
    yield from predictions
    since, running = clock.now(), [one["id"] for one in predictions if one["status"] not in TERMINAL]
    while running:
        watched = (clock.now() - since).total_seconds()
        clock.sleep(min(LONGEST_PAUSE, max(SHORTEST_PAUSE, watched / 20)))
        for prediction_id in list(running):
            prediction = api.prediction(prediction_id)
            if prediction["status"] in TERMINAL:
                running.remove(prediction_id)
            yield prediction


def percent(logs: str) -> int:
    """The last percentage in a model's progress lines, which tqdm writes as ` 18%|#8   | 9/50 …`."""
    found = re.findall(r"(\d{1,3})%\|", logs)
    return min(100, int(found[-1])) if found else 0


def word(prediction: Prediction) -> str:
    """Its status, in which refused content is no failure."""
    return "rejected" if prediction["error_code"] == ErrorCode.CONTENT_REJECTED else str(prediction["status"])


class Board:
    """A line with a bar for each prediction; where nobody looks, a line for each change of status."""

    def __init__(self, console: Console) -> None:
        self.console = console
        columns = (
            TextColumn("{task.description}"),
            TextColumn("[{task.fields[colour]}]{task.fields[status]:<10}", markup=True),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[done]:>4}"),
            TextColumn("{task.fields[time]:>7}"),
        )
        self._progress = Progress(*columns, console=console, disable=not console.is_terminal)
        self._lines: dict[str, TaskID] = {}
        self._said: dict[str, str] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._progress.stop()

    def show(self, prediction: Prediction) -> None:
        """A prediction as it is now."""
        found = word(prediction)
        if not self.console.is_terminal:
            if self._said.get(prediction["id"]) != found:
                self.console.print(f"{prediction['id']}  {found}")
            self._said[prediction["id"]] = found
            return
        done = 100 if prediction["status"] == "succeeded" else percent(prediction["logs"])
        # Nothing is known of the progress before the model says something: the bar pulses.
        known = done or prediction["status"] in TERMINAL
        shown: dict[str, Any] = {
            "total": 100 if known else None,
            "completed": done,
            "status": found,
            "colour": COLOURS.get(found, "default"),
            "done": f"{done}%" if known else "",
            "time": duration(lasted(prediction)),
        }
        if prediction["id"] not in self._lines:
            self._lines[prediction["id"]] = self._progress.add_task(prediction["id"], **shown)
        self._progress.update(self._lines[prediction["id"]], **shown)
