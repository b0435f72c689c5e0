"""Scale: a thousand predictions in flight at once on the local stack, and what each costs in memory and requests."""

import time
from statistics import mean

from bench.report import Figure, Goal, Part, Say, Table
from bench.scale_load import ONE_POLLED_IN, Load, per_one
from bench.scale_stack import started
from bench.usage import PAGE_SCANS, STEPS, SWEEP_SCANS

STAGES = (250, 500, 750, 1000)
WANTED = STAGES[-1]
FLYING_SHARE = 0.55
"""Of all the work with one, so much is done when it is in flight."""
KNOWN_SECONDS = 600
"""How long predictions of the known model took before."""
STILL_SECONDS = 5
FLAT = 1.5
"""The last predictions may take so many times the memory of the ones before."""
METHOD = f"""
The local stack is one process: the handlers that deploy, moto, and the simulator, on real HTTP. {WANTED:,} predictions
are brought in flight together; one in {ONE_POLLED_IN} is of a model whose webhooks are all lost, so that looks alone
find its end; of the others it is known how long they take. All of those stand in the provider's queue; they end one
after another, when all are in flight. Memory is the stack's resident set, with moto's tables and histories and the
simulator's. Rate limits are lifted, outputs are texts. Requests are counted with the real handlers, in tests:
`tests/integration/test_requests.py` (at 250 and 10,000 predictions) and `tests/integration/test_usage.py`.
"""


def measure(say: Say) -> Part:
    with started(seconds=KNOWN_SECONDS) as stack:
        load = Load(stack, say)
        load.lose_webhooks()
        begun = time.monotonic()
        memory = _flown(load)
        each = (time.monotonic() - begun) / WANTED
        flying = load.counted()["running"]
        time.sleep(STILL_SECONDS)
        memory.append((WANTED, stack.resident))
        load.end(each * (1 - FLYING_SHARE) / FLYING_SHARE)
        load.ended()
        return _part(load, memory, flying, say)


def _flown(load: Load) -> list[tuple[int, int]]:
    """The stack's memory with so many in flight."""
    memory: list[tuple[int, int]] = []
    for number in STAGES:
        load.submit(number)
        memory.append((number, load.stack.resident))
        load.say(f"{number} in flight, {memory[-1][1] / 1e6:.0f} MB")
    return memory


def _part(load: Load, memory: list[tuple[int, int]], flying: int, say: Say) -> Part:
    statuses, runs, paid = load.statuses(), load.runs(), load.paid()
    mine = [statuses.get(prediction_id, "lost") for prediction_id in load.ids]
    say(f"{mine.count('succeeded')} of {len(mine)} succeeded, runs {dict(runs)}")
    first, *_, last = per_one(memory[: len(STAGES)])
    later = (memory[-1][1] - memory[-2][1]) / 1e6
    figures = [
        Figure(name="in flight at once, at the provider", value=flying, goal=Goal("at least", WANTED)),
        Figure(
            name="lost: without a terminal record", value=len(mine) - mine.count("succeeded"), goal=Goal("at most", 0)
        ),
        Figure(
            name="runs that the provider is paid for, by prediction: most", value=max(paid), goal=Goal("at most", 1)
        ),
        Figure(name="the same: fewest", value=min(paid), goal=Goal("at least", 1)),
        Figure(name="memory of one more in flight, in the last quarter", value=last / 1e3, unit="KB"),
        Figure(name="that against the second quarter", value=last / first, unit="×", goal=Goal("at most", FLAT)),
        Figure(name=f"memory that {STILL_SECONDS} s more take, all in flight", value=later, unit="MB"),
        *_requests(),
    ]
    rows = [(str(number), resident / 1e6) for number, resident in memory]
    return Part(
        title="Scale",
        method=METHOD,
        figures=figures,
        tables=[Table(caption="Memory of the stack", head=["in flight", "MB"], rows=rows)],
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
