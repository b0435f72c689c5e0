"""How long the functions are taken to run, warm: assumptions, since nothing here runs on Lambda.

A function of 256 MB has about a seventh of a core. Memory is the template's.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Function:
    """`memory` in MB, `seconds` of one call."""

    memory: int
    seconds: float

    @property
    def gb_seconds(self) -> float:
        return self.memory / 1024 * self.seconds


FUNCTIONS = {
    "Submit": Function(256, 0.08),
    "Create": Function(256, 0.40),
    "Status": Function(512, 0.15),
    "Webhook": Function(256, 0.06),
    "Finalize": Function(512, 0.30),
    "Announce": Function(256, 0.20),
    "Read": Function(512, 0.03),
}
COPY_SECONDS_PER_MB = 0.02
"""What Finalize needs beside that for an output: 50 MB a second."""
