"""Plays pairs of functions in every order of their calls, alone and with one of them dying or being held up.

`python -m tests.reliability.interleavings` plays all; with a pair's name, that pair alone; with more, one way again.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lumeo import clock, documents
from lumeo.errors import ErrorCode
from lumeo.prediction import Prediction
from tests.reliability.pairs import PAIRS, Pair
from tests.reliability.stage import Member, Stage, steps
from tests.reliability.ways import Redundant, Way, explore
from tests.world import invariants
from tests.world.chooser import Script
from tests.world.world import world

Kind = Literal["dies", "dies alone", "waits"]
KINDS: tuple[Kind, ...] = ("dies", "dies alone", "waits")
WAIT_SECONDS = 10.0
"""How long a function is held up: less than any function has, and long enough for a repeat of the other."""


@dataclass(frozen=True, slots=True)
class Fate:
    """After these steps something happens to `who`, which took the last of them or none yet.

    `dies`: the others go on at once. `dies alone`: the others are held up meanwhile. `waits`: it is held up itself.
    """

    order: tuple[str, ...]
    who: str
    kind: Kind


@dataclass(slots=True)
class Tally:
    """What was played of a pair."""

    name: str
    orders: int = 0
    fates: int = 0
    played: int = 0
    ends: set[str] = field(default_factory=set)
    longest: float = 0.0
    """Seconds from acceptance to the end."""


def play(pair: Pair, way: Way, fate: Fate | None = None, tally: Tally | None = None) -> tuple[str, ...]:
    """Play a pair on a way, check, and answer what a caller, an operator and the provider could see of it.

    Raises AssertionError with all that is wrong, and with a command that plays it again.
    """
    script = Script()
    script.branches = False
    with world(chooser=script) as here:
        stage = Stage(here)
        here.seam.hooks.append(stage)
        try:
            pair.meet(stage)
            for _ in steps(stage, way) if fate is None else _fated(stage, way, fate):
                pass
            stage.open()
            here.until_quiet()
            wrong = [*invariants.violations(here), *_broken(stage, pair, fate)]
            assert not wrong, "\n".join(wrong)
        except Redundant:
            raise
        except BaseException as error:
            error.add_note(f"again: python -m tests.reliability.interleavings {_again(pair, way, fate)}")
            raise
        records = invariants.predictions(here)
        if tally:
            tally.ends |= {str(record.status) for record in records}
            tally.longest = max(tally.longest, *(_seconds(record) for record in records))
        return _seen(stage, records)


def orders(pair: Pair, tally: Tally) -> Iterator[Fate]:
    """Play every order; yields each fate that may befall somebody on one of them, once."""
    known: set[Fate] = set()
    for way in explore(lambda way: play(pair, way, tally=tally) and None):
        tally.orders += 1
        begun: set[str] = set()
        for n, step in enumerate(way.steps):
            places = [(way.order[:n], who) for who in step.could if who not in begun]
            begun |= set(step.could)
            for order, who in [*places, (way.order[: n + 1], step.who)]:
                fates = [Fate(order, who, kind) for kind in KINDS if kind == "waits" or not who.startswith("Machine")]
                yield from (fate for fate in fates if fate not in known)
                known |= set(fates)


def run(pair: Pair, limit: int | None = None) -> Tally:
    """Every order of a pair, and every fate, or `limit` of them, evenly spread."""
    tally = Tally(pair.name)
    fates = list(orders(pair, tally))
    tally.fates = len(fates)
    for fate in fates if limit is None else _spread(fates, limit):
        play(pair, Way.along(fate.order), fate, tally)
        tally.played += 1
    return tally


def run_all(limit: int | None = None) -> list[Tally]:
    """All pairs; `limit`: so many fates of each."""
    return [run(pair, limit) for pair in PAIRS]


def told(tallies: Sequence[Tally]) -> Iterator[str]:
    """What was played, a line for each pair and one for all."""
    for tally in tallies:
        ends = ", ".join(sorted(tally.ends))
        yield (
            f"{tally.name:30} {tally.orders:5} orders, {tally.played:5} of {tally.fates:5} with a death or a delay;"
            f" {ends}; at most {tally.longest:.0f} s"
        )
    played, fates = sum(tally.played for tally in tallies), sum(tally.fates for tally in tallies)
    yield f"{'in all':30} {sum(tally.orders for tally in tallies):5} orders, {played:5} of {fates:5} with a death or a delay"


def _fated(stage: Stage, way: Way, fate: Fate) -> Iterator[Member]:
    """The steps of a way, and what happens in between."""
    who = None
    waiting = stage.waiting()
    for n, name in enumerate(fate.order):
        who = next((member for member in waiting if member.name == fate.who), None)
        if who and fate.kind != "waits" and n == len(fate.order) - 1 and name == fate.who:
            who.dying = True
        member = waiting_named(waiting, way.next(tuple(member.name for member in waiting)))
        way.touched(stage.go_on(member))
        yield member
        waiting = stage.waiting()
    who = next(member for member in stage.members if member.name == fate.who)
    if fate.kind == "waits":
        yield from steps(stage, way, without=who)
    elif not who.task.done:
        stage.here.hub.kill(who.task)
    if fate.kind != "dies":
        stage.here.passes(WAIT_SECONDS)
    yield from steps(stage, way)


def waiting_named(waiting: Sequence[Member], name: str) -> Member:
    return next(member for member in waiting if member.name == name)


def _broken(stage: Stage, pair: Pair, fate: Fate | None) -> Iterator[str]:
    """What was promised and is not so."""
    records = invariants.predictions(stage.here)
    if len(records) != 1:
        yield f"{len(records)} predictions of one request"
    for record in records:
        allowed = pair.ends | ({"succeeded"} if fate and "canceled" in pair.ends else set())
        if str(record.status) not in allowed:
            yield f"ended as {record.status} {record.error_code or ''}, not as {' or '.join(sorted(allowed))}"
        if record.error_code is ErrorCode.SUBMISSION_UNCERTAIN:
            yield "it could have been found"
    for asked in stage.asked:
        if asked.answer is None or (asked.answer.status >= 300 and fate is None):
            yield f"{asked.method} {asked.path} was answered {asked.answer}"
        elif asked.answer.status < 300:
            yield from _untrue(asked.answer.body, records)


def _untrue(body: dict[str, str], records: Sequence[Prediction]) -> Iterator[str]:
    """An answer that the end belies."""
    named = [record for record in records if record.id == body["id"]]
    if not named:
        yield f"an answer named {body['id']}, which is not there"
    elif body["status"] in {"succeeded", "failed", "canceled"} and body["status"] != str(named[0].status):
        yield f"it was shown as {body['status']} and ended as {named[0].status}"


def _seen(stage: Stage, records: Sequence[Prediction]) -> tuple[str, ...]:
    """All that two ways that come to the same have in common."""
    here = stage.here
    counters = here.simulator.counters()
    return (
        *(f"{asked.answer.status} {asked.answer.body.get('status')}" for asked in stage.asked if asked.answer),
        *(f"{record.status} {record.error_code} {record.phase} {record.run.partition('-')[2]}" for record in records),
        *(f"{record.wakes} wakes, {record.polls} polls, {sorted(record.timeline)}" for record in records),
        *(f"asked {bool(record.cancel_requested)}, told {bool(record.cancel_sent)}" for record in records),
        *(str(documents.value(record.output)) for record in records),
        *(" ".join(execution.status for execution in here.executions().values()),),
        str({name: counters[name] for name in ("calls", "created", "succeeded", "canceled")}),
        *(
            " ".join(f"{call.operation} {call.outcome}" for call in here.calls() if call.function == function)
            for function in ("Create", "Status", "Finalize", "Cancel", "Submit", "Sweep", "Webhook", "Machine")
        ),
    )


def _seconds(record: Prediction) -> float:
    return clock.seconds_between(record.created_at, record.completed_at or record.created_at)


def _spread(fates: Sequence[Fate], limit: int) -> Sequence[Fate]:
    return [fates[n * len(fates) // limit] for n in range(limit)] if limit < len(fates) else fates


def _again(pair: Pair, way: Way, fate: Fate | None) -> str:
    order = " ".join(fate.order if fate else way.order)
    return f"--pair '{pair.name}' --order '{order}'" + (f" --who {fate.who} --kind '{fate.kind}'" if fate else "")


def main(given: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability.interleavings", description=__doc__)
    parser.add_argument("--pair", choices=[pair.name for pair in PAIRS])
    parser.add_argument("--order", help="the names of those who take the steps")
    parser.add_argument("--who", help="whom something happens to after these steps")
    parser.add_argument("--kind", choices=KINDS, default="dies")
    parser.add_argument("--limit", type=int, help="so many fates of each pair")
    asked = parser.parse_args(given)
    chosen = [pair for pair in PAIRS if asked.pair in {None, pair.name}]
    if asked.order is not None:
        order = tuple(asked.order.split())
        fate = Fate(order, asked.who, asked.kind) if asked.who else None
        for line in play(chosen[0], Way.along(order), fate):
            print(line)
        return
    tallies = []
    for pair in chosen:
        tallies.append(run(pair, asked.limit))
        print(next(told(tallies[-1:])), flush=True)
    print(list(told(tallies))[-1])


if __name__ == "__main__":
    main(sys.argv[1:])
