"""How long a prediction may take, as a function of what is done to it: after the last fault all goes on by itself."""

from tests.reliability import plans
from tests.reliability.plans import Act, Plan

LOOK = 45.0
"""The longest wait for a webhook, the looks after it, and the transitions of a run."""
SEARCH = 150.0
"""From an intent whose answer was lost until nothing of it was found twice: 30 + 60 + 10 s, and waits between looks."""
TROUBLE = 60.0
"""The longest wait that follows looks without an answer, unless the provider asks for more."""
REPEAT = 60.0
"""A function's time-out and the state machine's longest wait before it is tried again."""
SWEEP = 200.0
"""Nobody carries it on: 120 s after the promised look it is overdue, and sweep comes every minute."""
PAUSE = 360.0
"""After the third failed run the fourth waits for 300 s, counted by sweep in minutes."""
MANY = 36
"""So many refusals fail a run: four tries of the SDK in each of nine of the state machine."""


def bound(plan: Plan, act: Act, accepted: float) -> float:
    """Seconds from acceptance, `accepted` after the plan's beginning, to the terminal record at the latest."""
    takes = min(plans.provider_seconds(act), max(0.0, plans.ended_by(plan, act) - accepted))
    slow = (one for one in plan.acts if one["act"] not in plans.ASIDE and one.get("kind") not in {"lag", "stale"})
    longest = max((one.get("seconds", 0.0) for one in slow), default=0.0)
    kinds = {one["act"] for one in plan.acts} | {one["call"] for one in plan.of("provider")}
    costs = {
        SEARCH: kinds & {"create", "list", "aws", "die", "lose", "stall"},
        TROUBLE: kinds & {"provider"},
        REPEAT: kinds & {"aws", "die", "lose", "stall"},
        SWEEP: kinds & {"aws", "die", "lose", "stall", "stop", "silence"},
        PAUSE: any(one["times"] >= MANY for one in plan.of("aws")),
    }
    return max(0.0, plan.over - accepted) + takes + LOOK + longest + sum(cost for cost, due in costs.items() if due)
