"""Logs as a diffusion model writes them: the seed, then a progress bar that grows."""

from functools import lru_cache

STEPS = 50
SHOWN = (*range(0, STEPS, 3), STEPS)


def logs_after(seed: int, step: int, seconds_per_step: float) -> str:
    """The logs once `step` of the 50 steps are done."""
    return f"Using seed: {seed}\n{_bars(step, seconds_per_step)}"


@lru_cache(maxsize=256)
def _bars(step: int, seconds_per_step: float) -> str:
    return "".join(f"{_bar(at, seconds_per_step)}\n" for at in SHOWN if at <= step)


def _bar(step: int, seconds_per_step: float) -> str:
    cells, tenths = divmod(step * 100 // STEPS, 10)
    bar = ("#" * cells + (str(tenths) if tenths else "")).ljust(10)
    pace = _pace(step, seconds_per_step)
    return f"{step * 100 // STEPS:3d}%|{bar}| {step}/{STEPS} [{pace}]"


def _pace(step: int, seconds_per_step: float) -> str:
    if step == 0:
        return "00:00<?, ?it/s"
    passed, left = step * seconds_per_step, (STEPS - step) * seconds_per_step
    rate = f"{1 / seconds_per_step:.2f}" if seconds_per_step else "?"
    return f"{_minutes(passed)}<{_minutes(left)}, {rate}it/s"


def _minutes(seconds: float) -> str:
    return f"{int(seconds) // 60:02d}:{int(seconds) % 60:02d}"
