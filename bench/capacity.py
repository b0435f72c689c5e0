"""The deployed system against its quotas: how many predictions a second it holds, and what breaks first. Pure.

Quotas are AWS's defaults in us-east-1 and Replicate's, https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html
and https://replicate.com/docs/topics/predictions/rate-limits, as on 2026-11-20.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bench.cost import Job, usage
from bench.functions import COPY_SECONDS_PER_MB, FUNCTIONS
from bench.held import Way
from bench.looks import BARE
from lumeo.store import DUE_SHARDS

DAY = 86_400
Owner = Literal["provider", "AWS", "Lumeo"]

PARTITION_WRITES, PARTITION_READS = 1_000, 3_000
"""What one item of DynamoDB takes a second, in units."""
CREATES_A_MINUTE, CALLS_A_MINUTE = 600, 3_000
SWEEP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Quota:
    """`allowed` a second (or at once), of which one prediction a second uses `used`. `raise_by`: how to have more."""

    name: str
    owner: Owner
    allowed: float
    used: float
    raise_by: str

    @property
    def holds(self) -> float:
        """Predictions a second."""
        return self.allowed / self.used if self.used else math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Workload:
    """`job`, on this many accounts at the provider; `callers` share the load, `models` too; `lambdas` at once."""

    job: Job = field(default_factory=lambda: Job(looks=0))
    accounts: int = 1
    callers: int = 1
    models: int = 1
    lambdas: int = 1_000
    caller_rate: float = 600 / 60
    api_rate: float = 50


def quotas(load: Workload) -> list[Quota]:
    """All of them, the scarcest first."""
    found = [*_provider(load), *_step_functions(load), *_compute(load), *_table(load)]
    return sorted(found, key=lambda quota: quota.holds)


def at_once(job: Job) -> dict[str, float]:
    """Seconds of each function's time that one prediction takes: so many run at once per prediction a second."""
    calls = usage(job).calls
    seconds = {name: calls.get(name, 0) * function.seconds for name, function in FUNCTIONS.items()}
    seconds["Finalize"] += job.outputs * job.output_mb * COPY_SECONDS_PER_MB
    return seconds | {"Submit": seconds["Submit"] + job.hold}


def held_at_once(job: Job, way: Way) -> float:
    """Seconds of function time in all, where calls are held and look themselves."""
    # The look after a wait that a webhook ended is Finalize's own.
    looks = way.looks - (way.transitions - BARE if job.webhook else 0)
    seconds = at_once(replace(job, looks=0)) | {"Status": looks * FUNCTIONS["Status"].seconds}
    return sum(seconds.values()) + way.seconds


def a_day(per_second: float) -> float:
    return per_second * DAY


def _provider(load: Workload) -> Sequence[Quota]:
    calls = usage(load.job).calls.get("Status", 0) + (1 if load.job.webhook else 0)
    more = "more from the provider, or several accounts: a caller's own name chooses one"
    return (
        Quota("Replicate, creates", "provider", load.accounts * CREATES_A_MINUTE / 60, 1, more),
        Quota("Replicate, looks and all else", "provider", load.accounts * CALLS_A_MINUTE / 60, calls, more),
    )


def _step_functions(load: Workload) -> Sequence[Quota]:
    used = usage(load.job)
    ask = "ask AWS: a soft limit"
    return (
        Quota("Step Functions, StartExecution", "AWS", 300, used.starts, ask),
        Quota("Step Functions, SendTaskSuccess", "AWS", 500, used.wakes, ask),
        Quota("Step Functions, state transitions", "AWS", 5_000, used.transitions, ask),
        Quota("Step Functions, open executions", "AWS", 1_000_000, load.job.seconds, ask),
    )


def _compute(load: Workload) -> Sequence[Quota]:
    used = usage(load.job)
    return (
        Quota("Lambda, calls at once", "AWS", load.lambdas, sum(at_once(load.job).values()), "ask AWS: a soft limit"),
        Quota("API, RateLimit of the template", "Lumeo", load.api_rate, used.requests, "the parameter `RateLimit`"),
        Quota("API Gateway, requests", "AWS", 10_000, used.requests, "ask AWS: a soft limit"),
        Quota(
            "creates of one caller",
            "Lumeo",
            load.callers * load.caller_rate,
            1,
            "the parameter `CallerCreatesPerMinute`",
        ),
        Quota("S3, PUTs to `outputs/`", "AWS", 3_500, used.puts, "S3 splits it by itself: keys begin with random bits"),
    )


def _table(load: Workload) -> Sequence[Quota]:
    """Items that many predictions write to. A clock is moved by one conditional update, two when it has stood still."""
    index_writes = usage(load.job).moved / DUE_SHARDS
    return (
        Quota(
            "the item `room#…` of an account at the provider",
            "Lumeo",
            PARTITION_WRITES * load.accounts,
            2,
            "more accounts; beyond that, room would have to be booked in lots",
        ),
        Quota(
            "the item `rate#…` of a caller",
            "Lumeo",
            PARTITION_WRITES * load.callers,
            2,
            "more callers; beyond that, the same",
        ),
        Quota(
            "reads of the item `stats#…` of a model",
            "Lumeo",
            PARTITION_READS * load.models,
            0.5 * (2 + usage(load.job).calls.get("Status", 0)),
            "remember it in the process for a few seconds",
        ),
        Quota("a shard of the index `due`", "Lumeo", PARTITION_WRITES, index_writes, "more shards: `DUE_SHARDS`"),
        Quota(
            "a caller's part of the index `by_caller`",
            "Lumeo",
            PARTITION_WRITES * load.callers,
            1,
            "more callers, or shards of a caller",
        ),
        Quota(
            "DynamoDB, units written by a table on demand",
            "AWS",
            40_000,
            usage(load.job).written + usage(load.job).moved,
            "ask AWS: a soft limit; warm the table before a jump",
        ),
    )
