"""Answers of a declared provider in our words: pure, and held by the fixtures of each declaration."""

from collections.abc import Iterator, Mapping
from typing import Any

from lumeo import artifacts
from lumeo.artifacts import Artifact, Hosts
from lumeo.errors import ErrorCode, Gone
from lumeo.prediction import Snapshot, Status, Upstream
from lumeo.providers import answers
from lumeo.providers.expressions import Expression, as_text
from lumeo.providers.grammar import GONE, Declaration, Rule
from lumeo.providers.http import Answer
from lumeo.providers.templates import read


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
    output = read(declaration.output, seen) if status.terminal else None
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


def word(declaration: Declaration, seen: Mapping[str, Any]) -> str | None:
    """The provider's own word for the status."""
    return _word(declaration.word, seen)


def found(declaration: Declaration, output: Any, files: Hosts | None = None) -> tuple[Artifact, ...]:
    """The files in an output: what stands at the places of `with_key`, and URLs on the hosts of `files`."""
    return tuple(_found(declaration, output, files or Hosts(declaration.files)))


def _found(declaration: Declaration, output: Any, files: Hosts) -> Iterator[Artifact]:
    plain = {artifact.pointer for artifact in artifacts.find(output, files)}
    for pointer, text in artifacts.strings(output):
        keyed = next((keyed for keyed in declaration.with_key if keyed.holds(pointer)), None)
        if keyed and artifacts.is_link(text):
            yield Artifact(pointer, text, keyed=True, type=keyed.type)
        elif pointer in plain:
            yield Artifact(pointer, text)


def _metrics(declaration: Declaration, seen: Mapping[str, Any]) -> dict[str, Any]:
    said = {name: value for name, inner in declaration.metrics.items() if (value := inner.of(seen)) is not None}
    counts = {name: value for name, inner in declaration.counts.items() if (value := inner.of(seen)) is not None}
    progress = declaration.progress.of(seen) if declaration.progress else None
    if isinstance(progress, int | float) and not isinstance(progress, bool):
        said["progress"] = min(1, max(0, progress))
    return said | ({"counts": counts} if counts else {})


def _word(expression: Expression | None, seen: Mapping[str, Any]) -> str | None:
    return answers.word(_said(expression, seen) or "")


def _said(expression: Expression | None, seen: Mapping[str, Any]) -> str | None:
    return as_text(expression.of(seen)) if expression else None
