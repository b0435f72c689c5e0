"""Answers of a declared provider in our words: pure, and held by the fixtures of each declaration."""

from collections.abc import Iterator, Mapping
from typing import Any

from lumeo import artifacts, clock
from lumeo.artifacts import Artifact, Hosts
from lumeo.errors import ErrorCode, Gone
from lumeo.prediction import Snapshot, Status, Upstream
from lumeo.providers import answers
from lumeo.providers.expressions import Expression, as_text
from lumeo.providers.grammar import GONE, Declaration, Rule
from lumeo.providers.http import Answer
from lumeo.providers.templates import read

_LINKS = ("http", "HTTP", "data:")


def answered(answer: Answer, url: str) -> dict[str, Any]:
    """What expressions see of an answer: `http`, `body`, `url`."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    http = {"status": answer.status, "headers": headers, "binary": answer.binary}
    return {"http": http, "body": answer.json, "url": url}


def matching(rules: tuple[Rule, ...], seen: Mapping[str, Any]) -> Rule | None:
    """The first rule that holds."""
    return next((rule for rule in rules if rule.when is None or rule.when.holds(seen)), None)


def snapshot(declaration: Declaration, seen: Mapping[str, Any], files: Hosts | None = None) -> Snapshot:
    """What a look saw, translated; `seen` has all names of docs/providers.md, Reading.

    `files`: where files may be, if not where the declaration says. Raises Gone where a rule says so.
    """
    rule = matching(declaration.rules, seen)
    error = as_text(declaration.error.of(seen))
    if rule and rule.status == GONE:
        raise Gone(error or word(declaration, seen) or "gone", rule.code or declaration.gone)
    status = Status(rule.status) if rule else Status.PROCESSING
    output = _something(read(declaration.output, seen)) if status.terminal else None
    stored = status is not Status.SUCCEEDED and bool(found(declaration, output, files))
    return Snapshot(
        status=status,
        upstream=Upstream(
            status=word(declaration, seen),
            started_at=_word(declaration.started_at, seen),
            completed_at=_word(declaration.completed_at, seen),
        ),
        output=output if status is Status.SUCCEEDED or stored else None,
        error=error,
        code=(rule.code if rule else None) or (ErrorCode.GENERATION_FAILED if status is Status.FAILED else None),
        logs=_said(declaration.logs, seen) or "",
        metrics=_metrics(declaration, seen),
        unknown=rule is None,
        stored=stored,
        remark=rule.warning if rule else None,
    )


def _something(output: Any) -> Any:
    """An output, or None for a map or a list of nothing but nulls."""
    parts = output.values() if isinstance(output, dict) else output if isinstance(output, list) else [output]
    return output if any(part is not None for part in parts) else None


def word(declaration: Declaration, seen: Mapping[str, Any]) -> str | None:
    """The provider's own word for the status."""
    return _word(declaration.word, seen)


def found(declaration: Declaration, output: Any, files: Hosts | None = None) -> tuple[Artifact, ...]:
    """The files in an output: what stands at the places of `with_key`, and URLs on the hosts of `files`."""
    return tuple(_found(declaration, output, files or Hosts(declaration.files)))


def _found(declaration: Declaration, output: Any, files: Hosts) -> Iterator[Artifact]:
    for pointer, text in artifacts.strings(output):
        # Most texts are none: an output may have a million.
        if not text.startswith(_LINKS):
            continue
        keyed = next((keyed for keyed in declaration.with_key if keyed.holds(pointer)), None)
        if keyed and artifacts.is_link(text):
            yield Artifact(pointer, text, keyed=True, type=keyed.type)
        elif artifacts.is_file(text, files):
            yield Artifact(pointer, text)


def _metrics(declaration: Declaration, seen: Mapping[str, Any]) -> dict[str, Any]:
    """Only what the contract has: numbers, not below 0; of counts whole ones."""
    said = {name: value for name, inner in declaration.metrics.items() if _is_number(value := inner.of(seen))}
    counts = {name: value for name, inner in declaration.counts.items() if type(value := inner.of(seen)) is int}
    counts = {name: value for name, value in counts.items() if value >= 0}
    took = _seconds(_said(declaration.started_at, seen), _said(declaration.completed_at, seen))
    if took is not None:
        # Both times are the provider's: ours may differ.
        said.setdefault("predict_time", took)
    progress = declaration.progress.of(seen) if declaration.progress else None
    if isinstance(progress, int | float) and _is_number(progress):
        said["progress"] = min(1, progress)
    return said | ({"counts": counts} if counts else {})


def _seconds(started: str | None, completed: str | None) -> float | None:
    try:
        return max(0.0, clock.seconds_between(started or "", completed or ""))
    except ValueError:
        return None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _word(expression: Expression | None, seen: Mapping[str, Any]) -> str | None:
    return answers.word(_said(expression, seen) or "")


def _said(expression: Expression | None, seen: Mapping[str, Any]) -> str | None:
    return as_text(expression.of(seen)) if expression else None
