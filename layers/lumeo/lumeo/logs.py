"""A model's log as a caller may read it: its progress and its words, without tracebacks and raw errors. Pure."""

HEADER = "Traceback (most recent call last):"
_BETWEEN = ("During handling of the above exception", "The above exception was the direct cause")


def readable(log: str, error: str | None = None) -> str:
    """The log without Python's tracebacks, nor the lines that the provider's raw `error` holds too."""
    raw = {line.strip() for line in (error or "").splitlines()}
    kept: list[str] = []
    column: int | None = None  # where the traceback began that the line may belong to: behind a time, say
    for line in log.splitlines(keepends=True):
        if HEADER in line:
            column = line.index(HEADER)
        elif column is not None:
            frame = not line.strip() or line[:1].isspace() or line[column:][:1].isspace()
            # The first line that is no frame is the exception itself.
            column = column if frame else None
        elif not line.strip() or (line.strip() not in raw and not any(words in line for words in _BETWEEN)):
            kept.append(line)
    return "".join(kept)
