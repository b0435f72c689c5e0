"""Reads a declaration from its file; whatever is wrong with it is said with file and line, all of it at once."""

from collections.abc import Collection
from pathlib import Path
from typing import Any

from lumeo.errors import ErrorCode
from lumeo.polling import Policy
from lumeo.prediction import Remark, Status
from lumeo.providers import checks
from lumeo.providers.expressions import Expression
from lumeo.providers.grammar import (
    GONE,
    Auth,
    Call,
    Cancel,
    Declaration,
    Hmac,
    Items,
    JsonLines,
    Keyed,
    Model,
    Refusal,
    Result,
    Rule,
    Send,
    Step,
    Submit,
    Webhook,
)
from lumeo.providers.sheet import Section, Sheet
from lumeo.providers.templates import Template, fields
from lumeo.providers.yaml_lines import YamlWrong, parsed

OWN_BASE = "account"
"""What `base` says where each account has its own."""

_KEYS = (
    *("title", "about", "base", "hosts", "model", "options", "auth", "room", "poll", "before", "submit", "status"),
    *("result", "rules", "word", "gone", "output", "files", "error", "counts", "progress", "metrics", "logs"),
    *("started_at", "completed_at", "cancel", "webhook", "items"),
)
_SEND = ("url", "method", "headers", "query", "body", "form")
_FILES = ("hosts", "with_key", "redirects")
_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_COUNTS = ("total", "succeeded", "failed", "canceled", "expired")

_SENDING = {"in", "model", "options", "base", "prediction", "seconds", "before", "webhook", "webhook_secret"}
_KNOWN = {"model", "options", "base", "before"}
_LATER = _KNOWN | {"id", "kept"}
_ANSWER = {"http", "body", "url"}
_ANSWERED = _KNOWN | _ANSWER
_LOOKED = _LATER | _ANSWER
_SEEN = _LOOKED | {"result"}

_NOTHING = Expression("`null`")


class DeclarationWrong(ValueError):
    """A declaration says what cannot be meant; a line of the message for each mistake: `file:line: what`."""


def load(path: Path) -> Declaration:
    """The declaration of a file, which is named as its provider. Raises DeclarationWrong."""
    try:
        return parse(path.read_text(encoding="utf-8"), path.stem, str(path))
    except UnicodeDecodeError as error:
        raise DeclarationWrong(f"{path}:1: no UTF-8 text: {error}") from error


def parse(text: str, name: str, file: str) -> Declaration:
    """The declaration of a text. Raises DeclarationWrong."""
    try:
        value, lines = parsed(text)
    except YamlWrong as error:
        raise DeclarationWrong(f"{file}:{error.line}: {error}") from error
    sheet = Sheet(lines)
    if not isinstance(value, dict):
        raise DeclarationWrong(f"{file}:1: a declaration is a map that begins with title, see docs/providers.md")
    declaration = _declaration(Section(sheet, value, (), _KEYS), name)
    if not sheet.faults:
        checks.check(declaration, sheet)
    if sheet.faults:
        raise DeclarationWrong("\n".join(f"{file}:{line}: {message}" for line, message in sorted(set(sheet.faults))))
    return declaration


def _declaration(top: Section, name: str) -> Declaration:
    base = top.text("base")
    found = Declaration(
        name=name,
        title=top.text("title"),
        about=top.text("about"),
        base=None if base == OWN_BASE else base,
        hosts=top.texts("hosts"),
        model=_model(top),
        options=_options(top),
        auth=_auth(top),
        room=int(top.number("room")),
        polling=_polling(top),
        before=tuple(_steps(top)),
        submit=_submit(top),
        status=_call(top, "status", _LATER),
        result=_result(top),
        rules=_rules(top, _SEEN),
        word=top.expression("word", _SEEN, required=True) or _NOTHING,
        gone=top.one_of("gone", list(ErrorCode), ErrorCode.INTERRUPTED) or ErrorCode.INTERRUPTED,
        output=top.tree("output", _SEEN),
        files=_files(top),
        with_key=tuple(_with_key(top)),
        redirects=_redirects(top),
        error=top.expression("error", _SEEN, required=True) or _NOTHING,
        counts=top.expressions("counts", _SEEN),
        progress=top.expression("progress", _SEEN),
        metrics=top.expressions("metrics", _SEEN),
        logs=top.expression("logs", _SEEN),
        started_at=top.expression("started_at", _SEEN),
        completed_at=top.expression("completed_at", _SEEN),
        cancel=_cancel(top),
        webhook=_webhook(top),
        items=_items(top),
    )
    if "hosts" not in top and top.raw("hosts") != []:
        top.fault("hosts", "the declaration has no 'hosts': those that get the credential, such as [api.example.com]")
    for word in found.counts:
        if word not in _COUNTS:
            top.sheet.fault(("counts", word), f"counts has {', '.join(_COUNTS)}, not {word!r}")
    return found


def _model(top: Section) -> Model | None:
    section = top.section("model", ("pattern", "example", "optional"))
    if section is None:
        return None
    return Model(section.text("pattern"), section.text("example"), section.flag("optional"))


def _options(top: Section) -> dict[str, str | None]:
    for name, value in top.items("options"):
        if not isinstance(value, str | None):
            top.sheet.fault(
                ("options", name), f"the default of {name} should be a text: put it in quotes, not {value!r}"
            )
    return {name: None if value is None else str(value) for name, value in top.items("options")}


def _auth(top: Section) -> Auth:
    if top.raw("auth", required=True) == "none":
        return Auth()
    section = top.section("auth", ("headers", "query", "body", "optional"))
    if section is None:
        return Auth()
    names = {"account", "options", "model"}
    headers, query, body = (section.templates(place, names) for place in ("headers", "query", "body"))
    needs = fields([headers, query, body], "account") - set(section.texts("optional"))
    return Auth(headers, query, body, frozenset(needs))


def _polling(top: Section) -> Policy:
    section = top.section("poll", ("first", "factor", "cap", "deadline", "collect_within"))
    if section is None:
        top.raw("poll", required=True)
        return Policy(first=1, factor=1, cap=1, deadline=1, result_window=60)
    first, cap, deadline = (section.seconds(name) for name in ("first", "cap", "deadline"))
    factor, window = section.number("factor"), section.seconds("collect_within")
    if cap < first and "first" in section and "cap" in section:
        section.fault("cap", f"cap is the longest wait: it cannot be shorter than first, {first} s")
    if factor < 1:
        section.fault("factor", f"waits grow by the factor: it is at least 1, not {factor}")
    return Policy(first=first, factor=max(1, factor), cap=max(first, cap), deadline=deadline, result_window=window)


def _steps(top: Section) -> Any:
    for section in top.sections("before", ("name", "when", "send", "answers", "keep")):
        yield Step(
            section.text("name"),
            Call(_send(section, _SENDING, "POST"), section.statuses("answers")),
            section.expression("when", _SENDING),
            section.expressions("keep", _ANSWERED),
        )


def _submit(top: Section) -> Submit:
    known = ("send", "answers", "id", "keep", "adopt", "refused", "again", "finishes")
    section = top.section("submit", known)
    if section is None:
        top.raw("submit", required=True)
        return Submit(call=Call(Send(url=Template(""))), id=_NOTHING)
    refused = tuple(
        Refusal(
            one.expression("when", _ANSWERED, required=True) or _NOTHING,
            one.one_of("code", list(ErrorCode)) or ErrorCode.GENERATION_FAILED,
        )
        for one in section.sections("refused", ("when", "code"))
    )
    return Submit(
        call=Call(_send(section, _SENDING, "POST"), section.statuses("answers")),
        id=section.expression("id", _ANSWERED, required=True) or _NOTHING,
        keep=section.expressions("keep", _ANSWERED),
        adopt=section.templates("adopt", _KNOWN | {"id", "kept"}),
        refused=refused,
        again=section.statuses("again"),
        finishes=section.flag("finishes"),
    )


def _result(top: Section) -> Result | None:
    section = top.section("result", ("when", "send", "answers"))
    if section is None:
        return None
    call = Call(_send(section, _LOOKED), section.statuses("answers"))
    return Result(call, section.expression("when", _LOOKED, required=True) or _NOTHING)


def _call(top: Section, name: str, names: Collection[str]) -> Call:
    section = top.section(name, ("send", "answers"))
    if section is None:
        top.raw(name, required=True)
        return Call(Send(url=Template("")))
    return Call(_send(section, names), section.statuses("answers"))


def _send(owner: Section, names: Collection[str], method: str = "GET") -> Send:
    section = owner.section("send", _SEND)
    if section is None:
        owner.raw("send", required=True)
        return Send(url=Template(""))
    if "body" in section and "form" in section:
        section.fault("form", "a request has a body or a form, not both")
    return Send(
        url=section.template("url", names) or Template(""),
        method=section.one_of("method", _METHODS, method) or method,
        headers=section.templates("headers", names),
        query=section.templates("query", names),
        body=section.body("body", names),
        form=_form(section, names),
    )


def _form(section: Section, names: Collection[str]) -> dict[str, Any] | None:
    if "form" not in section:
        return None
    form = Section(
        section.sheet, section.raw("form"), (*section.place, "form"), [name for name, _ in section.items("form")]
    )
    return {name: _part(form, name, value, names) for name, value in section.items("form")}


def _part(form: Section, name: str, value: Any, names: Collection[str]) -> Any:
    if not isinstance(value, dict):
        return form.template(name, names)
    file = form.section(name, ("jsonl", "name"))
    assert file  # noqa: S101 (it is a map)
    return JsonLines(file.template("jsonl", names) or Template(""), file.text("name"))


def _rules(owner: Section, names: Collection[str] | None) -> tuple[Rule, ...]:
    words = [*(status for status in Status if status is not Status.ABORTED), GONE]
    found = []
    for section in owner.sections("rules", ("when", "status", "code", "warning")):
        status: Any = section.one_of("status", words)
        code = section.one_of("code", list(ErrorCode)) if "code" in section else None
        warning = section.one_of("warning", [Remark.PARTIAL, Remark.INCOMPLETE]) if "warning" in section else None
        if code and status and status not in {Status.FAILED, GONE}:
            section.fault("code", f"a code says why something failed: it has no meaning with {status}")
        if warning and status and status is not Status.SUCCEEDED:
            section.fault("warning", f"a warning is for what succeeded: it has no meaning with {status}")
        found.append(Rule(when=section.expression("when", names), status=status, code=code, warning=warning))
    return tuple(found)


def _files(top: Section) -> tuple[str, ...]:
    section = top.section("files", _FILES)
    return section.texts("hosts") if section else ()


def _redirects(top: Section) -> bool:
    section = top.section("files", _FILES)
    return section is not None and "redirects" in section and section.one_of("redirects", ("public",)) == "public"


def _with_key(top: Section) -> Any:
    section = top.section("files", _FILES)
    for one in section.sections("with_key", ("at", "type")) if section else ():
        yield Keyed(one.text("at"), one.text("type", ""))


def _cancel(top: Section) -> Cancel | None:
    section = top.section("cancel", ("send", "answers", "too_late", "look_first"))
    if section is None:
        return None
    answers = section.statuses("answers", (200, 201, 202, 204))
    send = _send(section, _LATER, "POST")
    return Cancel(Call(send, answers), section.statuses("too_late"), section.flag("look_first"))


def _webhook(top: Section) -> Webhook | None:
    section = top.section("webhook", ("verify", "id", "ended", "hmac"))
    if section is None:
        return None
    verify: Any = section.one_of("verify", ("token", "hmac", "fal"))
    if verify and (verify == "hmac") != ("hmac" in section):
        section.fault("hmac", "how it is signed stands under hmac, exactly where verify says hmac")
    return Webhook(
        verify=verify or "token",
        id=section.expression("id", {"body"}, required=True) or _NOTHING,
        ended=section.expression("ended", {"body"}),
        hmac=_hmac(section),
    )


def _hmac(owner: Section) -> Hmac | None:
    known = ("header", "prefix", "encoding", "signed", "id_header", "timestamp_header", "tolerance")
    section = owner.section("hmac", known)
    if section is None:
        return None
    encoding: Any = section.one_of("encoding", ("hex", "base64"), "hex")
    return Hmac(
        header=section.text("header").lower(),
        prefix=section.text("prefix", ""),
        encoding=encoding or "hex",
        signed=section.text("signed", "{body}"),
        id_header=section.text("id_header", "").lower(),
        timestamp_header=section.text("timestamp_header", "").lower(),
        tolerance=int(section.number("tolerance", 300)),
    )


def _items(top: Section) -> Items | None:
    section = top.section("items", ("files", "id", "rules"))
    if section is None:
        return None
    line = section.expression("id", None, required=True) or _NOTHING
    return Items(section.texts("files"), line, _rules(section, None))
