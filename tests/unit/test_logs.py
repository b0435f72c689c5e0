"""What a caller reads of a model's log."""

import pytest

from lumeo.logs import readable

FRAMES = '  File "/src/predict.py", line 88, in predict\n    image = pipe()\n'
TRACEBACK = f"Traceback (most recent call last):\n{FRAMES}RuntimeError: out of memory\n"
PROGRESS = "Using seed: 1\n 18%|#8        | 9/50 [00:01<00:03, 11.76it/s]\n"


@pytest.mark.parametrize(
    ("log", "error", "wanted"),
    [
        pytest.param("", None, "", id="nothing"),
        pytest.param(PROGRESS, None, PROGRESS, id="progress"),
        pytest.param(PROGRESS + TRACEBACK, None, PROGRESS, id="a traceback at the end"),
        pytest.param(TRACEBACK + PROGRESS, None, PROGRESS, id="a traceback at the beginning"),
        pytest.param(PROGRESS + TRACEBACK + PROGRESS, None, PROGRESS * 2, id="a traceback between"),
        pytest.param(TRACEBACK.rstrip("\n"), None, "", id="no line end"),
        pytest.param(f"Traceback (most recent call last):\n{FRAMES}", None, "", id="cut off"),
        pytest.param(
            f"{TRACEBACK}\nDuring handling of the above exception, another exception occurred:\n\n{TRACEBACK}",
            None,
            "\n\n",
            id="two in a chain",
        ),
        pytest.param(
            "".join(f"10:00:0{n} {line}" for n, line in enumerate((TRACEBACK + "done\n").splitlines(keepends=True))),
            None,
            "10:00:04 done\n",
            id="times before the lines",
        ),
        pytest.param(
            "  + Exception Group Traceback (most recent call last):\n"
            '  |   File "/src/predict.py", line 3, in f\n  | ExceptionGroup: two (2 sub-exceptions)\nend\nafter\n',
            None,
            "after\n",
            id="a group",
        ),
        pytest.param(f"{PROGRESS}NSFW content detected.\n", "NSFW content detected.", PROGRESS, id="the raw error"),
        pytest.param(
            "NSFW content detected in image 1\n", None, "NSFW content detected in image 1\n", id="a word to the caller"
        ),
        pytest.param("a\n\nb\n", "x\n\ny", "a\n\nb\n", id="empty lines of an error"),
    ],
)
def test_readable(log: str, error: str | None, wanted: str) -> None:
    assert readable(log, error) == wanted
