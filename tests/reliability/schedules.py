"""Plays a plan in a world of its own, and says what is wrong when all is quiet again."""

import traceback
from collections import Counter
from collections.abc import Iterator

from lumeo import clock, documents
from lumeo.prediction import Prediction, Status
from tests.reliability import plans
from tests.reliability.bounds import bound
from tests.reliability.outcomes import Outcome
from tests.reliability.plans import Act, Plan
from tests.reliability.playing import Playing
from tests.reliability.troubles import named
from tests.world import invariants
from tests.world.hub import BEGIN
from tests.world.world import World, world

QUIET_SECONDS = 2400.0
"""When all predictions have ended, webhooks may still be on their way, from the provider and to callers."""


def play(plan: Plan, *, traced: bool = False) -> Outcome:
    """The plan from its first act until nobody has anything left to do."""
    outcome = Outcome(planned=Counter(named(act) for act in plan.acts))
    with world(plan.seed, cold=plan.cold) as here:
        playing = Playing(here, plan, outcome)
        try:
            playing.prepare()
            here.until_quiet(max((bound(plan, act, 0) for act in plan.of("submit")), default=0) + QUIET_SECONDS)
        except Exception as error:  # noqa: BLE001 (whatever it is, it must not be)
            outcome.wrong.append(f"{type(error).__name__}: {error}")
            outcome.trace.append("".join(traceback.format_exception(error)))
        outcome.wrong += list(invariants.violations(here))
        outcome.wrong += list(_shortcomings(here, plan, playing, outcome))
        outcome.calls = len(here.calls())
        if traced:
            outcome.trace += [*map(str, here.calls()), *here.lines]
    return outcome


def _shortcomings(here: World, plan: Plan, playing: Playing, outcome: Outcome) -> Iterator[str]:
    """What was promised and did not come."""
    records = invariants.predictions(here)
    outcome.predictions = len(records)
    ends = {record.id: record.status for record in records}
    for prediction_id, status in playing.shown:
        if Status(status).terminal and ends.get(prediction_id) not in {status, Status.ABORTED}:
            yield f"{prediction_id} was shown as {status} and ended as {ends.get(prediction_id)}"
    for act in plan.of("submit"):
        mine = [record for record in records if (playing.name_of(record.id) or _name(record)) == act["name"]]
        made = [record for record in mine if record.rerun_of is None]
        if plans.is_repeated_safely(plan, act) and len(made) != 1:
            yield f"{act['name']}: its request and its repeats made {len(made)} predictions"
        for record in mine:
            yield from _end(plan, plans.again(act) if record.rerun_of else act, record, outcome)


def _end(plan: Plan, act: Act, record: Prediction, outcome: Outcome) -> Iterator[str]:
    """Its end is one of those that are right, and came in time."""
    outcome.ends[f"{record.status} {record.error_code or ''}".rstrip()] += 1
    if (record.status, record.error_code) not in plans.may_end(plan, act):
        yield f"{act['name']} ended as {record.status} {record.error_code or ''}".rstrip()
    if record.completed_at:
        took = clock.seconds_between(record.created_at, record.completed_at)
        outcome.longest = max(outcome.longest, took)
        most = bound(plan, act, clock.seconds_between(clock.stamp(BEGIN), record.created_at))
        outcome.nearest = max(outcome.nearest, took / most)
        if took > most:
            yield f"{act['name']} took {took:.0f} s, at most {most:.0f} s are promised"


def _name(record: Prediction) -> str:
    """The act's name, which stands in its prompt."""
    return str(documents.value(record.input)["prompt"]).split()[1]
