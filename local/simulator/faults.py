"""Faults: what a test declared, and which request or webhook it hits."""

from dataclasses import dataclass
from typing import Any

from local.simulator import kinds


@dataclass
class Fault:
    """A fault that waits: `after` requests pass it, then it hits `times` requests (-1: all)."""

    declared: dict[str, Any]
    after: int
    times: int

    @property
    def kind(self) -> str:
        return str(self.declared["kind"])

    def get(self, key: str, default: Any = None) -> Any:
        return self.declared.get(key, default)

    def matches(self, call: str | None, model: str | None, prediction: str | None, event: str | None) -> bool:
        wanted = self.declared
        return (
            wanted["call"] == call
            and wanted.get("model") in (None, model)
            and wanted.get("prediction") in (None, prediction)
            and wanted.get("event") in (None, event)
        )

    def as_json(self) -> dict[str, Any]:
        return {**self.declared, "after": self.after, "times": self.times}


class Faults:
    """Those that wait, in the order in which they were declared."""

    def __init__(self) -> None:
        self.waiting: list[Fault] = []

    def add(self, declared: Any) -> None:
        """One fault or a list; all of them or, with a 400 that says why, none."""
        several = declared if isinstance(declared, list) else [declared]
        for one in several:
            kinds.check(one)
        self.waiting += [Fault(dict(one), after=one.get("after", 0), times=one.get("times", 1)) for one in several]

    def hit(
        self, call: str | None, model: str | None, prediction: str | None, event: str | None = None
    ) -> Fault | None:
        """The first fault that hits this, a request or a webhook's event; it is then one hit nearer its end."""
        for fault in self.waiting:
            if not fault.matches(call, model, prediction, event):
                continue
            if fault.after:
                fault.after -= 1
                continue
            self._spend(fault)
            return fault
        return None

    def _spend(self, fault: Fault) -> None:
        if fault.times > 0:
            fault.times -= 1
        if fault.times == 0:
            self.waiting.remove(fault)
