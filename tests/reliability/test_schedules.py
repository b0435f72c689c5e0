"""Whatever goes wrong, and whenever: the promises hold. Plans are drawn from seeds; `make soak N=…` plays more."""

import os

import pytest

from tests.reliability.drawing import draw
from tests.reliability.outcomes import Outcome, Tally
from tests.reliability.plans import Act, Plan
from tests.reliability.reported import report
from tests.reliability.schedules import play
from tests.reliability.shrinking import shrunk
from tests.reliability.soak import explained, parallel

SCHEDULES = int(os.environ.get("SCHEDULES", "200"))
MOST_EXPLAINED = 2


@pytest.mark.timeout(60 + 2 * SCHEDULES)
def test_schedules() -> None:
    """Paid for once, ended once, nothing lost, nothing left running, and in time."""
    whole = Tally()
    for part in parallel(range(SCHEDULES)):
        whole.merge(part)
    report("random fault schedules", whole.lines())

    if whole.failed:
        pytest.fail("\n\n".join(explained(draw(seed)) for seed in sorted(whole.failed)[:MOST_EXPLAINED]), pytrace=False)


def test_same_seed_same_plan() -> None:
    assert str(draw(7)) == str(draw(7)) != str(draw(8))


def test_same_plan_same_play() -> None:
    """A failure repeats, also from the text that was printed."""
    plan = draw(5)
    first, second = play(plan, traced=True), play(Plan.parsed(str(plan)), traced=True)

    assert first.calls > 20
    assert _calls(first) == _calls(second)
    assert first.met == second.met


def _calls(outcome: Outcome) -> list[str]:
    """Without the lines of the log, which say when they were really written."""
    return [line for line in outcome.trace if not line.startswith("{")]


def test_broken_premise_is_seen() -> None:
    """A provider that lists what it took later than it promised is paid twice: the plans can fail."""
    prediction: Act = {
        "act": "submit",
        "name": "a",
        "at": 0.0,
        "model": "sim/instant",
        "way": "once",
        "tries": 1,
        "long": False,
        "headers": {},
        "input": {"prompt": "prediction a", "width": 16, "height": 16},
    }
    times = {"at": 0.0, "until": 300.0}
    needed: list[Act] = [
        prediction,
        {"act": "provider", "call": "create", "kind": "drop_after", "times": 1, **times},
        {"act": "provider", "call": "list", "kind": "lag", "seconds": 200, "times": -1, **times},
        {"act": "provider", "call": "webhook", "kind": "lose", "times": -1, **times},
    ]
    others: list[Act] = [
        {"act": "read", "of": "a", "at": 3.0},
        {"act": "stall", "function": "Status", "after": 0, "late": False, "seconds": 1.0, **times},
        {"act": "provider", "call": "get", "kind": "drop_before", "times": 1, **times},
        {"act": "rotate", "at": 1.0},
    ]

    smallest = shrunk(Plan(1, [*others[:2], *needed, *others[2:]]), lambda plan: bool(play(plan).wrong))

    assert smallest.acts == needed
    assert "was paid for 2 times" in " ".join(play(smallest).wrong)


def test_shrinking() -> None:
    """What two acts bring about together needs both, and nothing else."""
    acts: list[Act] = [{"act": "submit", "n": n} for n in range(20)]

    smallest = shrunk(Plan(1, acts), lambda plan: acts[3] in plan.acts and acts[16] in plan.acts)

    assert smallest.acts == [acts[3], acts[16]]
