"""Scale: a thousand predictions in flight at once on the local stack, and what each costs in memory and requests."""

import time
from statistics import mean

from bench.report import Figure, Goal, Part, Say, Table
from bench.scale_load import ONE_POLLED_IN, Load, per_one
from bench.scale_stack import Stack, started
from bench.usage import PAGE_SCANS, STEPS, SWEEP_SCANS

WANTED = 1000
STAGES = (0.25, 0.5, 1.0)
BUDGET_SECONDS = 190
WARM, WARMING = 60, "sim/text"
BEFORE = 0.6
"""The share of its work that is done when it is in flight."""
SPARE = 1.25
"""What is measured of a few predictions is planned with so much more."""
MARGIN_SECONDS = 20
KNOWN_SECONDS = 300
"""How long predictions of the known model took before."""
STILL_SECONDS = 5
LIMIT = "the local stack is one process: all of its Python shares one core, and this run had not enough of it in time"
FLAT = 1.5
"""The last predictions may take so many times the memory of the ones before."""
METHOD = f"""
The local stack is one process: the handlers that deploy, moto, and the simulator, on real HTTP. {WANTED:,} predictions
are brought in flight together; one in {ONE_POLLED_IN} is of a model whose webhooks are all lost, so that looks alone
find its end; of the others it is known how long they take. They end one after another, when all are in flight.
Memory is the stack's resident set, with moto's tables and the simulator's, when a quarter, half and all of them are in
flight. Rate limits are lifted, outputs are texts. Requests are counted with the real handlers, in tests:
`tests/integration/test_requests.py` (at 250 and 10,000 predictions) and `tests/integration/test_usage.py`.
"""


def measure(say: Say) -> Part:
    with started(seconds=KNOWN_SECONDS) as stack:
        flight, price = _warmed(stack, say)
        end = price * (1 - BEFORE)
        number = min(WANTED, int((BUDGET_SECONDS - MARGIN_SECONDS) / (flight + end)))
        load = Load(stack, say)
        load.lose_webhooks()
        rows, flying = _flown(load, number)
        load.end(SPARE * end)
        load.ended()
        return _part(load, rows, flying, say)


def _warmed(stack: Stack, say: Say) -> tuple[float, float]:
    """Seconds until one more is in flight, and of a core that it costs in all.

    Of a model of its own, since nothing is to be learnt of the others.
    """
    load = Load(stack, say, models=(WARMING, WARMING))
    load.submit(WARM // 2)
    load.ended()
    busy, begun = stack.busy, time.monotonic()
    load.submit(WARM)
    flight = (time.monotonic() - begun) / (WARM // 2)
    load.ended()
    price = (stack.busy - busy) / (WARM // 2)
    say(f"one is in flight after {1000 * flight:.0f} ms, and costs {1000 * price:.0f} ms of a core")
    return flight, price


def _flown(load: Load, number: int) -> tuple[list[tuple[int, int]], int]:
    """Memory at each stage, twice at the last; and how many were in flight at once."""
    rows: list[tuple[int, int]] = []
    for stage in STAGES:
        load.submit(round(stage * number))
        rows.append((round(stage * number), load.stack.resident))
        load.say(f"{rows[-1][0]} in flight, {rows[-1][1] / 1e6:.0f} MB")
    flying = load.counted()["running"]
    time.sleep(STILL_SECONDS)
    rows.append((number, load.stack.resident))
    return rows, flying


def _part(load: Load, rows: list[tuple[int, int]], flying: int, say: Say) -> Part:
    statuses, runs, paid = load.statuses(), load.runs(), load.paid()
    mine = [statuses.get(prediction_id, "lost") for prediction_id in load.ids]
    say(f"{mine.count('succeeded')} of {len(mine)} succeeded, runs {dict(runs)}")
    first, second = per_one(rows[: len(STAGES)])
    later = (rows[-1][1] - rows[-2][1]) / 1e6
    figures = [
        Figure(name="in flight at once, at the provider", value=flying, goal=Goal("at least", WANTED), limit=LIMIT),
        Figure(
            name="lost: without a terminal record", value=len(mine) - mine.count("succeeded"), goal=Goal("at most", 0)
        ),
        Figure(
            name="runs that the provider is paid for, by prediction: most", value=max(paid), goal=Goal("at most", 1)
        ),
        Figure(name="the same: fewest", value=min(paid), goal=Goal("at least", 1)),
        Figure(name="memory of one more in flight, in the second half", value=second / 1e3, unit="KB"),
        Figure(name="that against the ones before", value=second / first, unit="×", goal=Goal("at most", FLAT)),
        Figure(name=f"memory that {STILL_SECONDS} s more take, all in flight", value=later, unit="MB"),
        *_requests(),
    ]
    memory = [(str(number), resident / 1e6) for number, resident in rows]
    return Part(
        title="Scale",
        method=METHOD,
        figures=figures,
        tables=[Table(caption="Memory of the stack", head=["in flight", "MB"], rows=memory)],
        raw={"runs": dict(runs), "paid": mean(paid), "busy": load.stack.busy},
    )


def _requests() -> list[Figure]:
    way = ("submit", "create", "park", "heard", "woken", "look and finalize")
    whole = sum((STEPS[name] for name in way[1:]), STEPS[way[0]])
    return [
        Figure(name="units written for one that a webhook ends, indexes included", value=whole.written + whole.moved),
        Figure(name="units read for it", value=whole.read),
        Figure(
            name="index entries that a page of the list scans, at 250 and 10,000 predictions alike", value=PAGE_SCANS
        ),
        Figure(name="those that a sweep scans with nothing overdue, at both", value=SWEEP_SCANS),
    ]
