"""Copies the files of one prediction, several at once, and marks each as soon as it is stored."""

from collections.abc import Sequence
from concurrent import futures
from dataclasses import replace

from lumeo import aws, clock, outputs
from lumeo.artifacts import Artifact, Download
from lumeo.errors import OutputUnavailable, Rejected
from lumeo.outputs import Destination
from lumeo.prediction import Output, Prediction
from lumeo.providers import provider
from lumeo.redaction import redacted
from lumeo.store import store

WORKERS = 4
"""Files that are copied at once."""
LANES = 3
"""Parts of a file that are on their way to the bucket at once, if it is copied alone."""


def copied(prediction: Prediction, run: str, files: Sequence[Artifact], end_at: float) -> Prediction | None:
    """The prediction with every file stored and marked; None if its run was overtaken meanwhile.

    Raises the CopyError of the first file that has one. Those that were under way then are stored and marked, too.
    """
    return _Copies(prediction, run, files, end_at).all()


def destination(prediction: Prediction, n: int) -> Destination:
    return Destination(f"outputs/{prediction.outputs_id}/{n}", f"{prediction.id}-{n}")


class _Copies:
    """The copies of one call. `made`: what was stored in it, by the file's number."""

    def __init__(self, prediction: Prediction, run: str, files: Sequence[Artifact], end_at: float) -> None:
        self.made: dict[int, Output] = {}
        self._prediction = prediction
        self._run = run
        self._files = files
        self._end_at = end_at
        self._missing = [n for n, file in enumerate(files) if not _is_marked(prediction, n, file)]
        self._lanes = LANES if len(self._missing) == 1 else 1

    def all(self) -> Prediction | None:
        if not (self._each() if len(self._missing) > 1 else all(map(self._copy, self._missing))):
            return None
        marked = {str(n): output for n, output in self.made.items()}
        return replace(self._prediction, outputs={**self._prediction.outputs, **marked})

    def _each(self) -> bool:
        """Whether all were marked. The first file's trouble counts, whichever is the first to end."""
        # Threads may use clients, but not make them: what the first file needs is what all need.
        aws.s3()
        self._opened(self._files[self._missing[0]])
        pool = futures.ThreadPoolExecutor(min(WORKERS, len(self._missing)))
        try:
            copies = [pool.submit(self._copy, n) for n in self._missing]
            return all(copy.result() for copy in copies)
        finally:
            pool.shutdown(cancel_futures=True)

    def _copy(self, n: int) -> bool:
        """Whether a file, now stored, could be marked."""
        left = self._end_at - clock.now().timestamp()
        if left <= 0:
            raise OutputUnavailable("no time is left in this call")
        file = self._files[n]
        self.made[n] = outputs.copy(file, self._opened(file), destination(self._prediction, n), left, self._lanes)
        return store().keep(self._prediction.id, self._run, n, self.made[n]) is not None

    def _opened(self, file: Artifact) -> Download:
        assert self._prediction.handle  # noqa: S101 (it has run)
        try:
            return provider(self._prediction.provider).open(self._prediction.handle, file)
        except Rejected as error:
            raise OutputUnavailable(f"it cannot be asked for: {redacted(error.raw)}") from error


def _is_marked(prediction: Prediction, n: int, file: Artifact) -> bool:
    known = prediction.outputs.get(str(n))
    return known is not None and known.pointer == file.pointer
