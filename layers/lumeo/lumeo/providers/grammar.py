"""What a declaration says, once it is loaded: `docs/providers.md` is the reference. Pure.

`Tree` stands for an expression, or a map or a list of them; in requests, for templates instead.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from lumeo.errors import ErrorCode
from lumeo.polling import Policy
from lumeo.prediction import Remark, Status
from lumeo.providers.expressions import Expression
from lumeo.providers.templates import Template

Tree = Any
GONE = "gone"
"""What a rule says where the provider, in whatever words, does not know the run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """A request."""

    url: Template
    method: str = "GET"
    headers: Mapping[str, Template] = field(default_factory=dict)
    query: Mapping[str, Template] = field(default_factory=dict)
    body: Tree = None
    form: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class JsonLines:
    """A file of a form: a list, one line of JSON for each."""

    rows: Template
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A request, and the HTTP statuses that are answers to it; empty for all of 2xx."""

    send: Send
    answers: frozenset[int] = frozenset()

    def takes(self, status: int) -> bool:
        return status in self.answers if self.answers else 200 <= status < 300


@dataclass(frozen=True, slots=True)
class Step:
    """A call before the submission, and what is kept of its answer."""

    name: str
    call: Call
    when: Expression | None
    keep: Mapping[str, Expression]


@dataclass(frozen=True, slots=True)
class Refusal:
    """When an answer is a refusal, and what of."""

    when: Expression
    code: ErrorCode


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """The submission; `keep` by name, and `adopt`, what stands in for it where only the id is known.

    `again`: HTTP statuses that say that it surely was not taken.
    """

    call: Call
    id: Expression
    keep: Mapping[str, Expression] = field(default_factory=dict)
    adopt: Mapping[str, Template] = field(default_factory=dict)
    refused: tuple[Refusal, ...] = ()
    again: frozenset[int] = frozenset()
    finishes: bool = False


@dataclass(frozen=True, slots=True)
class Result:
    """A second call of a look."""

    call: Call
    when: Expression


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What an answer means; `when` is None for whatever is left."""

    when: Expression | None
    status: Status | Literal["gone"]
    code: ErrorCode | None = None
    warning: Remark | None = None


@cache
def _pattern(at: str) -> re.Pattern[str]:
    return re.compile("/".join(r"[^/]*" if part == "*" else re.escape(part) for part in at.split("/")))


@dataclass(frozen=True, slots=True)
class Keyed:
    """A place in the output whose file is fetched with the key, and the type of it where nothing else says it."""

    at: str
    type: str = ""

    def holds(self, pointer: str) -> bool:
        return _pattern(self.at).fullmatch(pointer) is not None


@dataclass(frozen=True, slots=True)
class Cancel:
    """`too_late`: HTTP statuses that say that there is nothing to stop; `look_first`: whether it harms what is over."""

    call: Call
    too_late: frozenset[int] = frozenset()
    look_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Hmac:
    """How a webhook is signed, by HMAC-SHA256 with a secret of ours."""

    header: str
    prefix: str = ""
    encoding: Literal["hex", "base64"] = "hex"
    signed: str = "{body}"
    id_header: str = ""
    timestamp_header: str = ""
    tolerance: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """How calls of our webhook are verified, and what they say."""

    verify: Literal["token", "hmac", "fal"]
    id: Expression
    ended: Expression | None = None
    hmac: Hmac | None = None


@dataclass(frozen=True, slots=True)
class Items:
    """Which files of the output have a line for each item of a batch, and what a line says."""

    files: tuple[str, ...]
    id: Expression
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """What a request may name as its model."""

    pattern: str
    example: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Auth:
    """What is put into each request to the provider's own hosts; `needs`: the fields that an account must have."""

    headers: Mapping[str, Template] = field(default_factory=dict)
    query: Mapping[str, Template] = field(default_factory=dict)
    body: Mapping[str, Template] = field(default_factory=dict)
    needs: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """A provider. `base` is None where each account says its own; `room` in submissions a minute.

    `files` are hosts; `redirects`: a file on one of them may lead to anywhere public.
    """

    name: str
    title: str
    about: str
    base: str | None
    hosts: tuple[str, ...]
    model: Model | None
    options: Mapping[str, str | None]
    auth: Auth
    room: int
    polling: Policy
    before: tuple[Step, ...]
    submit: Submit
    status: Call
    result: Result | None
    rules: tuple[Rule, ...]
    word: Expression
    gone: ErrorCode
    output: Tree
    files: tuple[str, ...]
    with_key: tuple[Keyed, ...]
    redirects: bool
    error: Expression
    counts: Mapping[str, Expression]
    progress: Expression | None
    metrics: Mapping[str, Expression]
    logs: Expression | None
    started_at: Expression | None
    completed_at: Expression | None
    cancel: Cancel | None
    webhook: Webhook | None
    items: Items | None
