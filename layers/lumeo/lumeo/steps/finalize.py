"""Store every output, then write the terminal status. May be repeated: what is stored is marked and skipped."""

import json
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from lumeo import artifacts, clock, documents, outputs, polling, view
from lumeo.artifacts import Artifact
from lumeo.errors import ErrorCode, OutputRefused, OutputTooLarge, OutputUnavailable
from lumeo.experience import experiences, how_it_went
from lumeo.metrics import Metric, measure
from lumeo.prediction import Document, Phase, Prediction, Status, Verdict
from lumeo.providers import provider
from lumeo.steps import collect
from lumeo.steps.copies import copied, destination
from lumeo.steps.next import answer, current, end, over
from lumeo.steps.status import status
from lumeo.steps.tally import tally
from lumeo.store import due, store
from lumeo.telemetry import logger

MOST_FILES = 1000
"""Outputs of one prediction: each is an entry in its item, which holds 400 KB."""
GONE_TRIES = 20
"""Tries in vain after which it is believed that a file is gone."""
LARGEST_ANSWERED = 1024 * 1024
"""Characters of JSON above which an output is a file itself: Lambda answers 6 MB at most, as JSON within JSON."""


def finalize(prediction_id: str, run: str, seconds: float) -> dict[str, Any]:
    """Turn the verdict into the terminal status; what is not copied within `seconds` is left to the next call."""
    end_at = clock.now().timestamp() + seconds
    prediction = current(prediction_id, run)
    if isinstance(prediction, dict):
        return prediction
    if prediction.phase is Phase.RUNNING:
        return _looked(prediction, run, end_at)
    if prediction.phase is not Phase.SETTLED or prediction.verdict is None:
        return answer(prediction, "Create")
    if prediction.result is None:
        return _finish(prediction, run, prediction.verdict.status, prediction.verdict.code)
    if prediction.fresh_look == "gone":
        return _without(prediction, run, ErrorCode.OUTPUT_EXPIRED)
    return _with_files(prediction, run, prediction.verdict, end_at)


def _looked(prediction: Prediction, run: str, end_at: float) -> dict[str, Any]:
    """Somebody ended the wait: mostly it is over, and stored in the same call."""
    told = status(prediction.id, run)
    return finalize(prediction.id, run, end_at - clock.now().timestamp()) if told["next"] == "Finalize" else told


def _with_files(prediction: Prediction, run: str, verdict: Verdict, end_at: float) -> dict[str, Any]:
    """Copy what is not copied yet, and say how it ended only when nothing is missing."""
    result = documents.value(prediction.result)
    keyed = result.get("keyed", {})
    files = [
        Artifact(pointer, artifacts.at(result["output"], pointer), pointer in keyed, keyed.get(pointer, ""))
        for pointer in result["artifacts"]
    ]
    if len(files) > MOST_FILES:
        logger.warning("too many outputs", files=len(files))
        return _without(prediction, run, ErrorCode.OUTPUT_TOO_LARGE)
    try:
        stored = copied(prediction, run, files, end_at)
    except OutputTooLarge as error:
        logger.warning("an output is too large", reason=str(error))
        return _without(prediction, run, ErrorCode.OUTPUT_TOO_LARGE)
    except OutputRefused as error:
        logger.error("an output is not where outputs may be fetched", reason=str(error))
        return _without(prediction, run, ErrorCode.OUTPUT_EXPIRED)
    except OutputUnavailable as error:
        return _again(prediction, run, error)
    if stored is None:
        return end(prediction.id)
    return _finish(stored, run, verdict.status, verdict.code, _output(stored, run, result["output"], files))


def _without(prediction: Prediction, run: str, code: ErrorCode) -> dict[str, Any]:
    """The end without the output: what had succeeded has failed by that, what had not ends as it was."""
    assert prediction.verdict  # noqa: S101 (it is settled)
    ended = prediction.verdict
    if ended.status is Status.SUCCEEDED:
        ended = replace(ended, status=Status.FAILED, code=code)
    return _finish(prediction, run, ended.status, ended.code)


def _output(prediction: Prediction, run: str, output: Any, files: list[Artifact]) -> Document:
    """What the caller reads: where a file was stands null, since its URL is made when it is read."""
    shown = artifacts.replace(output, {file.pointer: None for file in files})
    if len(json.dumps(shown)) > LARGEST_ANSWERED:
        whole = view.with_urls(shown, [prediction.outputs[str(n)] for n in range(len(files))])
        kept = outputs.keep_whole(whole, destination(prediction, len(files)))
        store().keep(prediction.id, run, len(files), kept)
        shown = None
    return documents.keep(prediction.id, "output", shown)


def _again(prediction: Prediction, run: str, error: OutputUnavailable) -> dict[str, Any]:
    """Cut off, expired or out of reach: the next look says where it is now, or that it is gone."""
    policy, troubles = provider(prediction.provider).polling, prediction.troubles + 1
    logger.warning("an output could not be stored yet", reason=str(error), troubles=troubles)
    over = clock.stamp() > collect.collect_by(prediction) and prediction.troubles
    if over or (error.gone and troubles >= GONE_TRIES):
        return _without(prediction, run, ErrorCode.OUTPUT_EXPIRED)
    wait = polling.collect_wait(policy, troubles)
    changes = {"troubles": troubles, "fresh_look": "asked", "due_at": due(wait)}
    refreshed = store().refresh(prediction.id, run, changes)
    if refreshed:
        measure(refreshed, {Metric.COPY_TROUBLES: 1})
    return answer(refreshed or prediction, "Status", wait)


def _finish(
    prediction: Prediction, run: str, status: Status, code: ErrorCode | None, output: Document | None = None
) -> dict[str, Any]:
    finished = store().finish(prediction, run, status, code, output)
    if finished:
        _teach(finished)
        went = how_it_went(finished)
        tally(finished, heard=went.heard if went else None)
        logger.info("done", status=status, code=code, polls=prediction.polls)
    return over(finished, prediction.id, run)


def _teach(finished: Prediction) -> None:
    """What it took tells when to look at others of its model; none is worse for what could not be noted."""
    try:
        experiences().add(finished)
    except (ClientError, BotoCoreError):
        logger.warning("what it took could not be noted", exc_info=True)
