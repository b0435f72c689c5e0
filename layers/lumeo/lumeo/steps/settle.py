"""How Create ends a prediction that has no run at its provider to look at."""

from typing import Any

from lumeo import documents
from lumeo.errors import ProviderError
from lumeo.prediction import Prediction, Verdict
from lumeo.steps.next import answer
from lumeo.store import due, store


def settle(prediction: Prediction, run: str, verdict: Verdict, error: ProviderError | None = None) -> dict[str, Any]:
    """Write the verdict; whoever settled it first is right."""
    raw = {"raw_error": documents.keep(prediction.id, "error", error.raw)} if error else {}
    settled = store().settle(prediction, run, verdict, due(0), raw)
    return answer(settled, "Finalize") if settled else answer(prediction, "Create")
