"""What must hold of every world that has come to rest, whatever happened in it."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lumeo import aws, documents, signatures
from lumeo.items import prediction_from, unpack
from lumeo.prediction import Phase, Prediction, Status
from tests.conftest import TOKEN
from tests.world import tallies, tellings
from tests.world.world import MASTER, World

_HOOK = re.compile(r"/v1/hooks/[^/]+/(?P<id>[^/]+)/(?P<token>[^/?]+)")


def check(here: World) -> None:
    """Raise AssertionError, with all that is wrong."""
    wrong = list(violations(here))
    assert not wrong, "\n".join(wrong)


def violations(here: World) -> Iterator[str]:
    """All that is wrong, a line each."""
    records = predictions(here)
    known = {record.id for record in records}
    yield from (
        f"{prediction_id} was accepted and is lost" for prediction_id in here.accepted if prediction_id not in known
    )
    yield from _paid(here, records)
    for record in records:
        yield from _ended(here, record)
        yield from tellings.untrue(here, record)
        yield from tallies.untrue(here.lines, record)
        if record.removed_at:
            yield from _removed(here, record)
        elif record.status is Status.SUCCEEDED:
            yield from _complete(here, record)
    kept = {record.id for record in records if record.removed_at}
    yield from (f"{gone} was removed, and its record says nothing of it" for gone in sorted(here.removed - kept))
    yield from (f"the run {execution.name} is open" for execution in here.states.open())
    now = here.simulator.now()
    for run in here.simulator.all():
        if not run.state(now).over:
            yield f"{run.id} still runs at the provider"
    yield from _leaks(here)


def predictions(here: World) -> list[Prediction]:
    """Every record, oldest first."""
    items = [unpack(item) for item in here.items() if item["pk"]["S"].startswith("prediction#")]
    return sorted((prediction_from(item) for item in items), key=lambda record: record.id)


def upstream_runs(here: World, record: Prediction) -> list[Any]:
    """What the provider ran for a prediction, by our webhook's URL; without one, by the handle."""
    return [run for run in here.simulator.all() if _owner(run) == record.id or _held(record, run.id)]


def secrets(here: World) -> dict[str, str]:
    """All that must not be seen anywhere, by what it is."""
    own = signatures.caller_secret(MASTER.encode(), "alice").removeprefix(signatures.PREFIX)
    found = {
        "the API key": here.key,
        "the provider's token": TOKEN,
        "the master secret": MASTER,
        "the caller's webhook secret": own,
    }
    kept = getattr(here.simulator, "secret", None)
    for n, key in enumerate(kept.keys if kept else ()):
        found[f"the webhook secret {n}"] = key.removeprefix("whsec_")
    for run in here.simulator.all():
        hook = _HOOK.search(run.request.webhook or "")
        if hook:
            found[f"the webhook token of {hook['id']}"] = hook["token"]
    return found


def _paid(here: World, records: list[Prediction]) -> Iterator[str]:
    paid = Counter(_owner(run) or _holder(records, run.id) for run in here.simulator.all())
    for owner, runs in paid.items():
        if owner is not None and runs > 1:
            yield f"{owner} was paid for {runs} times"
    orphans = paid.get(None, 0)
    if orphans:
        yield f"{orphans} runs were paid for by nobody knows whom"


def _ended(here: World, record: Prediction) -> Iterator[str]:
    if record.phase is not Phase.DONE or not record.status.terminal or record.verdict is None:
        yield f"{record.id} has not ended: {record.phase}, {record.status}"
    if record.due_at is not None or record.due_shard is not None:
        yield f"{record.id} is still promised a look at {record.due_at}"
    trail = here.statuses.get(f"prediction#{record.id}", [])
    ends = [status for status in trail if Status(status).terminal]
    if len(ends) > 1 or (ends and trail[-1] != ends[0]):
        yield f"{record.id} left a terminal status: {trail}"


def _complete(here: World, record: Prediction) -> Iterator[str]:
    """Every file that the provider made is in the bucket, byte for byte."""
    runs = [run for run in upstream_runs(here, record) if _held(record, run.id)]
    if len(runs) != 1:
        yield f"{record.id} succeeded with {len(runs)} runs at the provider"
        return
    wanted = documents.value(record.result)["artifacts"]
    if len(record.outputs) < len(wanted):
        yield f"{record.id} succeeded with {len(record.outputs)} of {len(wanted)} outputs"
    shown = runs[0].output.files
    for n, file in enumerate(shown):
        content = here.simulator.file(runs[0].id, file.name)
        output = record.outputs.get(str(n))
        if content is None or output is None or file.phrase != "{}":
            continue
        stored = aws.s3().get_object(Bucket=here.bucket, Key=output.key)["Body"].read()
        made = hashlib.sha256(b"".join(content.read(0, content.size))).hexdigest()
        if not made == output.sha256 == hashlib.sha256(stored).hexdigest():
            yield f"{record.id}: output {n} differs from what the provider made"


def _removed(here: World, record: Prediction) -> Iterator[str]:
    """Nothing but the record is there, once its caller was told so."""
    if record.input.json != "{}" or record.output or record.outputs or record.result:
        yield f"{record.id} was removed, and its record still has content"
    if record.id in here.removed:
        for prefix in (f"outputs/{record.outputs_id}/", f"records/{record.id}/"):
            yield from (f"{record.id} was removed, and {key} is still there" for key in here.objects(prefix))


def _leaks(here: World) -> Iterator[str]:
    places = {"the log": "\n".join(here.lines), "the table": json.dumps(here.items())}
    for run, execution in here.executions().items():
        places[f"the history of {run}"] = json.dumps(execution.history, default=str)
    for place, text in places.items():
        for what, secret in secrets(here).items():
            if secret and secret in text:
                yield f"{what} stands in {place}"


def _owner(run: Any) -> str | None:
    hook = _HOOK.search(run.request.webhook or "")
    return hook["id"] if hook else None


def _held(record: Prediction, upstream_id: str) -> bool:
    return record.handle is not None and record.handle.id == upstream_id


def _holder(records: list[Prediction], upstream_id: str) -> str | None:
    return next((record.id for record in records if _held(record, upstream_id)), None)
