"""What a prediction uses of AWS, step by step. Counted with the real handlers: tests/integration/test_usage.py.

Of a request with one sentence for an input and one picture for an output; its record is 2.5 KB in the end. A write
counts each KB of the record, so that every further KB of input adds about ten units written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

PAGE_SCANS, SWEEP_SCANS = 101, 0
"""Index entries that a page of the list reads, and a sweep that finds nothing overdue, however many predictions there
are: tests/integration/test_requests.py."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Counts. `calls`: invocations by function; `read`, `written`: DynamoDB's units, `moved`: those of its indexes.

    `requests`: of the HTTP API; `puts`: to S3; `starts` of executions, and `wakes` of them.
    """

    transitions: float = 0
    calls: Mapping[str, float] = field(default_factory=dict)
    requests: float = 0
    read: float = 0
    written: float = 0
    moved: float = 0
    puts: float = 0
    starts: float = 0
    wakes: float = 0

    def __add__(self, other: "Usage") -> "Usage":
        names = self.calls.keys() | other.calls.keys()
        calls = {name: self.calls.get(name, 0) + other.calls.get(name, 0) for name in sorted(names)}
        return Usage(calls=calls, **{name: getattr(self, name) + getattr(other, name) for name in _NUMBERS})

    def __sub__(self, other: "Usage") -> "Usage":
        return self + -1 * other

    def __rmul__(self, times: float) -> "Usage":
        calls = {name: times * number for name, number in self.calls.items()}
        return Usage(calls=calls, **{name: times * getattr(self, name) for name in _NUMBERS})


_NUMBERS = tuple(each.name for each in fields(Usage) if each.name != "calls")

STEPS: Mapping[str, Usage] = {
    "submit": Usage(calls={"Submit": 1}, requests=1, written=2, moved=2, starts=1),
    "create": Usage(calls={"Create": 1}, read=2.5, written=6, moved=4),
    "park": Usage(written=1),
    "heard": Usage(calls={"Webhook": 1}, requests=1, read=1, written=2),
    "look": Usage(calls={"Status": 1}, read=1.5, written=2, moved=2),
    "woken": Usage(calls={"Webhook": 1}, requests=1, read=1, written=2, wakes=1),
    "look and finalize": Usage(calls={"Finalize": 1}, read=3.5, written=10, moved=3, puts=1),
    "last look": Usage(calls={"Status": 1}, read=1, written=3, moved=2),
    "finalize": Usage(calls={"Finalize": 1}, read=1.5, written=7, moved=1, puts=1),
    "output": Usage(written=3, puts=1),
    "tell": Usage(calls={"Announce": 1}, read=1, written=3, moved=1),
    "read": Usage(calls={"Read": 1}, requests=1, read=1),
}
"""What one of each uses. `park`: a wait that a webhook may end. `heard`: the webhook of the start; `woken`: that of the
end. `look`: one that finds it running; `output`: each beyond the first; `tell`: an attempt to tell the caller."""
