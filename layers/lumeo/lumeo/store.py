"""The table: every write that `docs/record.md` names, with its condition, and the reads.

A write whose condition does not hold changes nothing and answers None: somebody was first, or the run was overtaken.
"""

import secrets
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from boto3.dynamodb.conditions import Attr, ConditionBase

from lumeo import aws, clock, settings
from lumeo.announcing import untold
from lumeo.errors import ErrorCode
from lumeo.items import pack, plain, prediction_from, unpack
from lumeo.prediction import (
    TRANSITIONS,
    Announced,
    Document,
    Handle,
    Intent,
    Output,
    Phase,
    Prediction,
    Status,
    Turn,
    Upstream,
    Verdict,
)
from lumeo.writes import Plus, Unless, update_expressions, written

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

DUE_SHARDS = 8
DUE_SLACK = 120
"""Seconds after a promised look when sweep takes notice."""
DUE_READ = 100
"""Overdue predictions of a shard that one call of sweep takes up."""


class Store:
    """Reads and writes predictions. What a run writes is fenced: it must be the record's current run."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    def get(self, prediction_id: str) -> Prediction | None:
        """The prediction as it is now."""
        answer = self._client.get_item(TableName=self._table, Key=_key(prediction_id), ConsistentRead=True)
        return kept(prediction_from(unpack(answer["Item"]))) if "Item" in answer else None

    def due(self, shard: int, now: str, limit: int = DUE_READ) -> list[str]:
        """Ids of predictions that promised a look which did not come, longest overdue first."""
        answer = self._client.query(
            TableName=self._table,
            IndexName="due",
            KeyConditionExpression="due_shard = :shard AND due_at < :now",
            ExpressionAttributeValues=pack({":shard": shard, ":now": now}),
            Limit=limit,
        )
        return [unpack(item)["pk"].partition("#")[2] for item in answer["Items"]]

    def accept(self, prediction: Prediction, beside: Mapping[str, Any] | None = None) -> bool:
        """Put a new prediction, and another item in the same breath; False if that one's condition does not hold."""
        put: dict[str, Any] = {
            "TableName": self._table,
            "Item": pack({"pk": _pk(prediction.id), **plain(prediction)}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if beside is None:
            made = written(self._client.put_item, put)
        else:
            items = {"TransactItems": [{"Put": put}, {"Put": {"TableName": self._table, **beside}}]}
            made = written(self._client.transact_write_items, items)
        if made is not None:
            return True
        # A repeat by the SDK of a write that had arrived is refused too: then what stands there is ours.
        found = self.get(prediction.id)
        return found is not None and found.outputs_id == prediction.outputs_id

    def queue(self, prediction_id: str, run: str, turn: Turn, due_at: str) -> Prediction | None:
        """Note when its turn at the provider is."""
        return self._update(prediction_id, _in(Phase.ACCEPTED) & _fence(run), {"room": turn, "due_at": due_at})

    def prepare(self, prediction_id: str, run: str, name: str, kept: Mapping[str, str]) -> Prediction | None:
        """Keep what a step before the submission brought."""
        return self._update(prediction_id, _in(Phase.ACCEPTED) & _fence(run), {f"before.{name}": kept})

    def intend(self, prediction_id: str, run: str, intent: Intent, due_at: str, *, webhook: bool) -> Prediction | None:
        """Say that a submission is about to be made, and whether the provider is given our webhook with it."""
        return self._update(
            prediction_id,
            _into(Phase.SENDING) & _fence(run) & Attr("cancel_requested").not_exists(),
            {"intent": intent, "webhook": webhook, "phase": Phase.SENDING, "due_at": due_at},
        )

    def retract(self, prediction_id: str, run: str, intent: Intent, troubles: int, due_at: str) -> Prediction | None:
        """Take an intent back: what it announced surely did not arrive."""
        return self._update(
            prediction_id,
            _into(Phase.ACCEPTED) & _fence(run) & _attempt(intent) & Attr("proposed").not_exists(),
            {"intent": None, "phase": Phase.ACCEPTED, "troubles": troubles, "room": None, "due_at": due_at},
        )

    def miss(self, prediction_id: str, run: str, intent: Intent, now: str) -> Prediction | None:
        """Note that a look found nothing of what an intent announced, after all of its time."""
        return self._update(
            prediction_id, _in(Phase.SENDING) & _fence(run) & _attempt(intent), {"intent.absent_at": now}
        )

    def propose(
        self, prediction_id: str, upstream_id: str, intent: Intent | None = None, *, ended: bool = True
    ) -> Prediction | None:
        """Note which upstream run a submission became, for whoever carries the prediction on.

        `intent`: it is the answer to that one; an overtaken run knows it too. `ended`: that run may be over, so that
        nobody is to wait for it.
        """
        condition = _in(Phase.SENDING) & _attempt(intent) if intent else _in(Phase.SENDING)
        reason = {"wakes": Plus(1)} if ended else {}
        return self._update(prediction_id, condition, {"proposed": upstream_id, **reason})

    def own(
        self, prediction: Prediction, run: str, handle: Handle, upstream: Upstream, due_at: str
    ) -> Prediction | None:
        """Write the handle, and in the same breath that no other prediction may have it."""
        changes = {
            "handle": handle,
            "upstream": upstream,
            "phase": Phase.RUNNING,
            "troubles": 0,
            "due_at": due_at,
            "timeline.submitted": handle.at,
        }
        claim = {
            "pk": _handle_key(prediction.provider, handle),
            "prediction": prediction.id,
            "expires_at": _expiry(prediction.created_at),
        }
        put = {"TableName": self._table, "Item": pack(plain(claim)), "ConditionExpression": "attribute_not_exists(pk)"}
        update = self._request(prediction.id, _into(Phase.RUNNING) & _fence(run), changes)
        items = {"TransactItems": [{"Update": update}, {"Put": put}]}
        return self.get(prediction.id) if written(self._client.transact_write_items, items) else None

    def owner(self, provider: str, handle: Handle) -> str | None:
        """Which prediction has that upstream run."""
        key = pack({"pk": _handle_key(provider, handle)})
        answer = self._client.get_item(TableName=self._table, Key=key, ConsistentRead=True)
        owner: str | None = unpack(answer.get("Item", {})).get("prediction")
        return owner

    def wake(self, prediction_id: str) -> Prediction | None:
        """Note that there is a reason to end the wait."""
        return self._update(prediction_id, _in(Phase.RUNNING), {"wakes": Plus(1)})

    def advance(self, prediction_id: str, started: str) -> Prediction | None:
        """Note that it has begun."""
        changes = {"status": Status.PROCESSING, "timeline.started": Unless(started)}
        return self._update(prediction_id, _in(Phase.RUNNING), changes)

    def observe(self, prediction_id: str, run: str, changes: Mapping[str, Any]) -> Prediction | None:
        """Write what a look at a running prediction brought."""
        return self._update(prediction_id, _in(Phase.RUNNING) & _fence(run), changes)

    def settle(
        self, prediction: Prediction, run: str, verdict: Verdict, due_at: str, changes: Mapping[str, Any]
    ) -> Prediction | None:
        """Write the verdict, once and for all; whoever comes second gets None."""
        return self._update(
            prediction.id,
            _into(Phase.SETTLED) & _fence(run) & Attr("verdict").not_exists(),
            {
                "verdict": verdict,
                "phase": Phase.SETTLED,
                "timeline.completed": verdict.at,
                "troubles": 0,
                "due_at": due_at,
                **changes,
            },
        )

    def refresh(self, prediction_id: str, run: str, changes: Mapping[str, Any]) -> Prediction | None:
        """Write what a fresh look at a settled prediction brought."""
        return self._update(prediction_id, _in(Phase.SETTLED) & _fence(run), changes)

    def keep(self, prediction_id: str, run: str, n: int, output: Output) -> Prediction | None:
        """Mark one output as stored."""
        return self._update(prediction_id, _in(Phase.SETTLED) & _fence(run), {f"outputs.{n}": output})

    def finish(
        self,
        prediction: Prediction,
        run: str,
        status: Status,
        code: ErrorCode | None,
        output: Document | None,
    ) -> Prediction | None:
        """The terminal write of a run."""
        return self._update(prediction.id, _in(Phase.SETTLED) & _fence(run), _ending(prediction, status, code, output))

    def wish(self, prediction_id: str, now: str, *, telling: bool) -> Prediction | None:
        """Note that somebody asked for the end, and whether the provider is being told at once."""
        wished = self._update(
            prediction_id,
            Attr("pk").exists() & Attr("verdict").not_exists() & Attr("cancel_requested").not_exists(),
            {"cancel_requested": now, "wakes": Plus(1), **({"cancel_sent": now} if telling else {})},
        )
        if wished is None:
            # A repeat by the SDK of a write that had arrived is refused too.
            found = self.get(prediction_id)
            wished = found if found and found.cancel_requested == now and not found.verdict else None
        return wished

    def told(self, prediction_id: str, now: str) -> Prediction | None:
        """Note that the provider was told to cancel."""
        return self._update(prediction_id, _in(Phase.RUNNING), {"cancel_sent": now})

    def withdraw(
        self, prediction: Prediction, phase: Phase, changes: Mapping[str, Any] | None = None
    ) -> Prediction | None:
        """End as canceled at once: from `accepted`, with nothing sent, or from `running`, when the provider stopped.

        From `running` also where the provider cannot be told to: `changes` say so.
        """
        now = clock.stamp()
        ending = {
            "verdict": Verdict(Status.CANCELED, now),
            "timeline.completed": now,
            **({"cancel_requested": now} if phase is Phase.ACCEPTED else {}),
            **(changes or {}),
            **_ending(prediction, Status.CANCELED, None, None),
        }
        return self._update(prediction.id, _in(phase) & Attr("verdict").not_exists(), ending)

    def promise(self, prediction_id: str, run: str, due_at: str) -> Prediction | None:
        """Move the next promised look, so that sweep leaves it alone until then."""
        return self._update(prediction_id, _fence(run) & Attr("due_at").exists(), {"due_at": due_at})

    def overtake(
        self, prediction: Prediction, run: str, due_at: str, *, stopped: str | None = None
    ) -> Prediction | None:
        """Make another run the current one; `stopped`: when somebody stopped the one before by hand."""
        changes: dict[str, Any] = {"run": run, "due_at": due_at}
        if stopped:
            changes["cancel_requested"] = Unless(stopped)
        return self._update(prediction.id, _fence(prediction.run) & Attr("due_at").exists(), changes)

    def claim(self, prediction_id: str, event: str, said: Announced) -> Prediction | None:
        """Note that the caller is about to be told of something, which happens once, and not after the end."""
        once = Attr(f"announced.{event}").not_exists() | Attr(f"announced.{event}.n").lt(said.n)
        there = Attr("pk").exists() & Attr("phase").ne(Phase.DONE)
        return self._update(prediction_id, there & once, {f"announced.{event}": said})

    def note(self, prediction_id: str, event: str, said: Announced) -> Prediction | None:
        """Note what became of telling the caller, unless there is something newer of that kind to tell."""
        newest = Attr(f"announced.{event}").not_exists() | Attr(f"announced.{event}.n").lte(said.n)
        return self._update(prediction_id, Attr("pk").exists() & newest, {f"announced.{event}": said})

    def attempted(self, prediction_id: str, run: str, said: Announced, due_at: str) -> Prediction | None:
        """Note an attempt to tell the caller of the end, after which there is another."""
        return self._update(prediction_id, _untold(run), {"announced.completed": said, "due_at": due_at})

    def stop_telling(self, prediction_id: str, run: str, said: Announced | None) -> Prediction | None:
        """Note that the caller has been told of the end, or is not to be told any more."""
        changes: dict[str, Any] = {"told_at": clock.stamp(), **({"announced.completed": said} if said else {})}
        not_removed = _untold(run) & Attr("removed_at").not_exists()
        told = self._update(prediction_id, not_removed, changes | {"due_at": None, "due_shard": None})
        if told is None:
            # What was deleted is looked for once more, when that was promised.
            now = self.get(prediction_id)
            promised = {"due_at": now.erase_at} if now else {}
            told = self._update(prediction_id, _untold(run) & Attr("removed_at").exists(), changes | promised)
        return told

    def remove(self, prediction_id: str, contents: Mapping[str, Any], erase_at: str) -> Prediction | None:
        """Take the content of a prediction that is over out of its record; `contents`: what stands there instead.

        What it has in the bucket is to be looked for once more at `erase_at`.
        """
        promise = {"erase_at": erase_at, "due_at": erase_at, "due_shard": secrets.randbelow(DUE_SHARDS)}
        return self._update(prediction_id, _in(Phase.DONE), {**contents, **promise})

    def forget(self, prediction: Prediction) -> Prediction | None:
        """Note that nothing is left to be done for what is over, unless somebody promised something since."""
        condition = _in(Phase.DONE) & Attr("due_at").eq(prediction.due_at)
        outputs = {"outputs": None} if prediction.removed_at else {}
        return self._update(prediction.id, condition, {"due_at": None, "due_shard": None, **outputs})

    def _update(self, prediction_id: str, condition: ConditionBase, changes: Mapping[str, Any]) -> Prediction | None:
        request = {**self._request(prediction_id, condition, changes), "ReturnValues": "ALL_NEW"}
        answer = written(self._client.update_item, request)
        return prediction_from(unpack(answer["Attributes"])) if answer else None

    def _request(self, prediction_id: str, condition: ConditionBase, changes: Mapping[str, Any]) -> dict[str, Any]:
        return {"TableName": self._table, "Key": _key(prediction_id), **update_expressions(condition, changes)}


@cache
def store() -> Store:
    """The table that the environment names."""
    return Store(aws.dynamodb(), settings.table_name())


def due(seconds: float) -> str:
    """The `due_at` of a look that is promised in that many seconds."""
    return clock.later(seconds + DUE_SLACK)


def kept(prediction: Prediction) -> Prediction | None:
    """DynamoDB takes up to two days to remove what has expired; for a reader it is gone at once."""
    expired = prediction.expires_at is not None and prediction.expires_at <= clock.now().timestamp()
    return None if expired else prediction


def _ending(prediction: Prediction, status: Status, code: ErrorCode | None, output: Document | None) -> dict[str, Any]:
    now = clock.stamp()
    return {
        "status": status,
        "error_code": code,
        "output": output,
        "phase": Phase.DONE,
        "completed_at": now,
        "timeline.saved": now,
        "task_token": None,
        "partial": None,
        "expires_at": _expiry(prediction.created_at),
        **({"due_at": due(0)} if untold(prediction) else {"due_at": None, "due_shard": None}),
    }


def _expiry(created_at: str) -> int | None:
    """When records of that age go; counted as the bucket counts, so that none outlives its own documents."""
    days = settings.record_days()
    return int(clock.parse(clock.later(days * 86_400, created_at)).timestamp()) if days else None


def _into(phase: Phase) -> ConditionBase:
    """It may legally step to that phase."""
    return Attr("phase").is_in([before for before, after in TRANSITIONS.items() if phase in after])


def _in(phase: Phase) -> ConditionBase:
    return Attr("phase").eq(phase)


def _untold(run: str) -> ConditionBase:
    return _fence(run) & _in(Phase.DONE) & Attr("told_at").not_exists()


def _attempt(intent: Intent) -> ConditionBase:
    return Attr("intent.attempt").eq(intent.attempt)


def _fence(run: str) -> ConditionBase:
    return Attr("run").eq(run)


def _handle_key(provider: str, handle: Handle) -> str:
    """Each account may count its runs from one."""
    account = "" if handle.credential == "default" else f"#{handle.credential}"
    return f"handle#{provider}{account}#{handle.id}"


def _pk(prediction_id: str) -> str:
    return f"prediction#{prediction_id}"


def _key(prediction_id: str) -> dict[str, Any]:
    return pack({"pk": _pk(prediction_id)})
