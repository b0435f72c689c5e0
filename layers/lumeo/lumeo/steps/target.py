"""What a create call asks to be run: by whichever name, whether it may be, and what is known of it without a call."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lumeo import api, catalogue, settings
from lumeo.catalogue import Entry
from lumeo.errors import ApiError, NotFound
from lumeo.models import Known, is_name, models, schema_of
from lumeo.offered import DEADLINE, DEFAULT
from lumeo.prediction import is_hash
from lumeo.redaction import redacted

_VERSION = re.compile(
    r"(?:(?P<model>[A-Za-z0-9][A-Za-z0-9._-]*/[A-Za-z0-9][A-Za-z0-9._-]*)(?::(?P<hash>[A-Za-z0-9._-]+))?"
    r"|(?P<word>[A-Za-z0-9][A-Za-z0-9._-]*))"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`model`, `version` and `deployment` as the record has them; `latest`: the hash that a model's name stands for.

    `options` are those of a provider that is a declaration. `defaults` are inputs that a request need not say,
    `deadline` in seconds; `schema` is the document of the version.
    """

    provider: str = DEFAULT
    model: str | None = None
    version: str | None = None
    deployment: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    latest: str | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    deadline: int = DEADLINE
    schema: Any = None


def by_version(provider: str, version: str) -> Target:
    """For `version` of a request's body. Raises ApiError 422 for one that is none, or that may not be run."""
    found = _VERSION.fullmatch(version)
    if found is None or len(version) > 256 or not _no_token(version):
        raise api.invalid(("pattern", "version", "Expected a version's hash, owner/name, or owner/name:hash"))
    entry = catalogue.entry(version)
    if entry:
        return _of_catalogue(provider, entry)
    if catalogue.is_own(version):
        raise _not_in_catalogue()
    asked = found["hash"] or found["word"]
    _check_policy(provider, found["model"], pinned=asked is not None and is_hash(asked))
    return _known(provider, found["model"], asked, Target(version=version))


def by_model(provider: str, model: str) -> Target:
    """For a model in the path. Raises ApiError 404 for a name that is none, 422 for one that may not be run."""
    _check_name(model)
    entry = catalogue.entry(model)
    if entry:
        return _of_catalogue(provider, entry)
    if catalogue.is_own(model):
        raise NotFound
    _check_policy(provider, model, pinned=False)
    return _known(provider, model, None, Target(model=model))


def by_deployment(deployment: str) -> Target:
    """For a deployment in the path, which names its version by itself. Raises ApiError as `by_model`."""
    _check_name(deployment)
    if settings.version_policy() == "catalogue":
        raise _not_in_catalogue()
    return Target(deployment=deployment)


def by_provider(name: str, model: str | None, options: Mapping[str, Any]) -> Target:
    """For a provider that is a declaration. Raises ApiError 422 for what it does not take."""
    if settings.version_policy() == "catalogue":
        raise _not_in_catalogue()
    # Only who names one loads what reads declarations, and calls it.
    from lumeo.providers import provider  # noqa: PLC0415

    found = provider(name)
    wrong = found.faults(model, options)
    if model is not None and not _no_token(model):
        wrong.append(("pattern", "model", "Expected a model, not a token"))
    if wrong:
        raise api.invalid(*wrong)
    return Target(
        provider=name,
        model=model,
        deadline=found.polling.deadline,
        options={name: value for name, value in {**found.options, **options}.items() if value is not None},
    )


def _of_catalogue(provider: str, entry: Entry) -> Target:
    model, _, version = entry.version.partition(":")
    target = Target(model=entry.model, version=entry.version, defaults=entry.input, deadline=entry.deadline or DEADLINE)
    return _known(provider, model, version or None, target)


def _known(provider: str, model: str | None, version: str | None, target: Target) -> Target:
    """With what is known of it: of a version's hash always, of a name only lately, since it may mean another one."""
    latest = None
    if version:
        known = models().version(provider, version) if is_hash(version) else None
        body: Any = known.body if known else None
    else:
        described = models().at(provider, str(model))
        body = described.body.get("latest_version") if described and described.fresh else None
        latest = _latest(described) if described and described.fresh else None
    return replace(target, latest=latest, schema=schema_of(body))


def check_input(target: Target, given: Mapping[str, Any]) -> None:
    """Raises ApiError 422, in Replicate's words, for an input that its model would not take."""
    if not target.schema:
        return
    # Only an input whose schema is known loads what checks it.
    from lumeo import schemas  # noqa: PLC0415

    wrong = schemas.faults(target.schema, given)
    if wrong:
        raise api.invalid(*wrong)


def _check_policy(provider: str, model: str | None, *, pinned: bool) -> None:
    policy = settings.version_policy()
    if policy == "catalogue":
        raise _not_in_catalogue()
    if policy == "pinned" and not pinned:
        detail = f"A version has to be named here: {_how_to_pin(provider, model)}"
        raise ApiError(422, "Version not pinned", detail, invalid_fields=[_field("version", detail)])


def _how_to_pin(provider: str, model: str | None) -> str:
    if model is None:
        return "by the 64 digits of its hash"
    described = models().at(provider, model)
    latest = _latest(described) if described else None
    if described and latest is None:
        return f"{model} has none, but can be put into this service's catalogue"
    return f"write {model}:{latest}" if latest else f"GET /v1/models/{model} says which there are"


def _not_in_catalogue() -> ApiError:
    names = ", ".join(entry.model for entry in catalogue.catalogue().values()) or "none yet"
    detail = f"It is not in this service's catalogue, which has: {names}"
    return ApiError(422, "Not in the catalogue", detail, invalid_fields=[_field("version", detail)])


def _field(name: str, description: str) -> dict[str, str]:
    return {"type": "not_allowed", "field": name, "description": description}


def _check_name(name: str) -> None:
    if not (is_name(name) and _no_token(name)):
        raise NotFound


def _latest(described: Known) -> str | None:
    """The hash that a model's name stands for. What is official has versions, but none that could be named."""
    version = described.body.get("latest_version")
    found = version.get("id") if isinstance(version, Mapping) else None
    official = described.body.get("is_official") is True
    return found if isinstance(found, str) and is_hash(found) and not official else None


def _no_token(text: str) -> bool:
    """It will be seen in records and histories: whoever pastes a token there must not find it there again."""
    return redacted(text) == text
