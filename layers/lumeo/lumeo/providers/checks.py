"""What makes sense only together: whether a declaration that can be read can also work. Pure."""

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from lumeo import urls
from lumeo.artifacts import Hosts
from lumeo.prediction import Status
from lumeo.providers.grammar import Declaration, Hmac, Rule, Send
from lumeo.providers.sheet import Sheet
from lumeo.providers.templates import expressions, fields
from lumeo.providers.yaml_lines import Place

MOST_LOOKS = 1500
"""Of one run: its history in Step Functions is bounded."""
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_HOST = re.compile(r"(\*\.)?[a-z0-9-]+(\.[a-z0-9-]+)+")


def check(declaration: Declaration, sheet: Sheet) -> None:
    """Note in the sheet what is wrong."""
    _name(declaration, sheet)
    _hosts(declaration, sheet)
    _waits(declaration, sheet)
    _rules(declaration, sheet)
    _files(declaration, sheet)
    _webhook(declaration, sheet)
    _model(declaration, sheet)
    _steps(declaration, sheet)
    _looks(declaration, sheet)
    _names(declaration, sheet)
    for place, send in _sends(declaration):
        _send(declaration, sheet, place, send)


def _name(declaration: Declaration, sheet: Sheet) -> None:
    if not _NAME.fullmatch(declaration.name) or declaration.name == "replicate":
        name = declaration.name
        sheet.fault((), f"the file's name is the provider's: a-z, 0-9 and _, and not replicate; {name!r} is none")


def _hosts(declaration: Declaration, sheet: Sheet) -> None:
    for key, place in (("hosts", ("hosts",)), ("files", ("files", "hosts"))):
        for n, host in enumerate(getattr(declaration, key)):
            if not _HOST.fullmatch(host):
                sheet.fault(
                    (*place, n), f"{host!r} is no host: write api.example.com, or *.example.com for sub-domains"
                )
    base = declaration.base
    if base is None:
        return
    found = urls.read(base)
    if found is None or found.scheme != "https" or base.endswith("/") or urlsplit(base).query:
        sheet.fault(
            ("base",),
            f"base should be https:// and a host, perhaps with a path, without a slash at its end, not {base!r}",
        )
    elif not Hosts(declaration.hosts).allows(base):
        sheet.fault(("hosts",), f"hosts does not hold {found.host}, where base is: it would never get the credential")


def _waits(declaration: Declaration, sheet: Sheet) -> None:
    policy = declaration.polling
    if policy.cap * 6 > policy.result_window:
        sheet.fault(
            ("poll", "cap"),
            f"a result that is kept for {policy.result_window} s can be missed with waits of {policy.cap} s: "
            f"cap should be at most a sixth of collect_within, {policy.result_window // 6} s",
        )
    if policy.deadline / policy.cap > MOST_LOOKS:
        sheet.fault(
            ("poll", "deadline"),
            f"until the deadline there would be more than {MOST_LOOKS} looks: "
            f"raise cap to {policy.deadline // MOST_LOOKS + 1} s",
        )
    if declaration.room < 1:
        sheet.fault(("room",), "room should be at least 1, in submissions a minute")


def _rules(declaration: Declaration, sheet: Sheet) -> None:
    said = {rule.status for rule in declaration.rules}
    for wanted, why in (
        (Status.SUCCEEDED, "it would never end well"),
        (Status.FAILED, "a failure would be waited for until the deadline"),
    ):
        if wanted not in said:
            sheet.fault(("rules",), f"no rule says {wanted}: {why}")
    _last(declaration.rules, sheet, ("rules",))
    if declaration.items:
        _last(declaration.items.rules, sheet, ("items", "rules"))
        if not declaration.items.files:
            sheet.fault(("items",), "items has no files: the places of the output that hold a line for each item")
        for n, rule in enumerate(declaration.items.rules):
            if rule.status not in {Status.SUCCEEDED, Status.FAILED, Status.CANCELED}:
                sheet.fault(("items", "rules", n), f"an item is succeeded, failed or canceled, not {rule.status}")
        if not declaration.items.rules:
            sheet.fault(("items",), "items has no rules, which say how each ended")


def _last(rules: tuple[Rule, ...], sheet: Sheet, place: Place) -> None:
    for n, rule in enumerate(rules[:-1]):
        if rule.when is None:
            sheet.fault((*place, n), "a rule without when takes all that is left: no rule after it can match")


def _files(declaration: Declaration, sheet: Sheet) -> None:
    for n, keyed in enumerate(declaration.with_key):
        if keyed.at and not keyed.at.startswith("/"):
            sheet.fault(("files", "with_key", n), f"{keyed.at!r} is no JSON Pointer: it begins with /, as in /results")
    if declaration.items:
        places = {keyed.at for keyed in declaration.with_key}
        for n, at in enumerate(declaration.items.files):
            if not at.startswith("/") or (declaration.with_key and at not in places):
                sheet.fault(("items", "files", n), f"{at!r} is not one of the places of files.with_key")


def _webhook(declaration: Declaration, sheet: Sheet) -> None:
    used = {word.text for word in expressions([_parts(declaration.submit.call.send)])}
    asked = any(re.search(r"(?<![\w.])webhook\b", text) for text in used)
    secret = any(re.search(r"(?<![\w.])webhook_secret\b", text) for text in used)
    if declaration.webhook and not asked:
        sheet.fault(("submit",), "there is a webhook, but the submission does not say where: use {webhook} in it")
    if asked and not declaration.webhook:
        sheet.fault(
            ("submit",), "{webhook} is given to the provider, but nothing says how its calls are verified: add webhook"
        )
    signed = declaration.webhook and declaration.webhook.verify == "hmac"
    if declaration.webhook and declaration.webhook.hmac:
        _signed(declaration.webhook.hmac, sheet)
    if signed and not secret:
        sheet.fault(
            ("submit",),
            "its webhook is signed with a secret that the submission has to hand over: use {webhook_secret}",
        )


def _signed(signing: Hmac, sheet: Sheet) -> None:
    """What is signed can be made of what comes."""
    place: Place = ("webhook", "hmac")
    used = re.findall(r"\{(.*?)\}", signing.signed)
    unknown = sorted(set(used) - {"body", "id", "timestamp"})
    if unknown:
        sheet.fault(
            (*place, "signed"), f"signed is made of {{body}}, {{id}} and {{timestamp}}, not of {{{unknown[0]}}}"
        )
    if used.count("body") != 1:
        sheet.fault((*place, "signed"), "signed has to hold {body}, once: what is not signed, anybody can change")
    for name, header in (("id", signing.id_header), ("timestamp", signing.timestamp_header)):
        if (name in used) != bool(header):
            sheet.fault((*place, f"{name}_header"), f"{name}_header and {{{name}}} in signed go together")


def _model(declaration: Declaration, sheet: Sheet) -> None:
    model = declaration.model
    if model is None:
        return
    try:
        pattern = re.compile(model.pattern)
    except re.error as error:
        sheet.fault(("model", "pattern"), f"{model.pattern!r} is no regular expression: {error}")
        return
    if not pattern.fullmatch(model.example):
        sheet.fault(("model", "example"), f"{model.example!r} is not what the pattern {model.pattern!r} takes")


def _send(declaration: Declaration, sheet: Sheet, place: Place, send: Send) -> None:
    whole, text = send.url.whole, send.url.text
    if not (whole or text.startswith("{base}")) and not Hosts(declaration.hosts).allows(text):
        sheet.fault((*place, "send", "url"), f"{text!r} leads to no host of hosts: begin it with {{base}}")
    _unsaid(declaration, sheet, (*place, "send"), _parts(send))
    if declaration.auth.body and (send.form is not None or not isinstance(send.body, dict | None)):
        sheet.fault((*place, "send"), "auth puts the credential into the body, which has to be a map for that")
    if declaration.model is None and fields([_parts(send)], "model") | _uses_model(send):
        sheet.fault(
            (*place, "send"), "{model} is used, but the declaration has no model: say its pattern and an example"
        )


def _looks(declaration: Declaration, sheet: Sheet) -> None:
    """What is asked after the submission says of which run; headers can be sent, and are read as they are known."""
    asked = {"status": declaration.status.send} | (
        {"cancel": declaration.cancel.call.send} if declaration.cancel else {}
    )
    for name, send in asked.items():
        used = [found.text for found in expressions([_parts(send)])]
        if not any(re.search(r"(?<![\w.])(id|kept)\b", text) for text in used):
            sheet.fault(
                (name, "send"), f"{name} does not say which run it is about: use {{id}} or what submit.keep has"
            )
    sends = [(*place, "send") for place, _ in _sends(declaration)]
    named = [(place, send.headers) for place, (_, send) in zip(sends, _sends(declaration), strict=True)]
    for place, headers in [(("auth",), declaration.auth.headers), *named]:
        for header in headers:
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", header):
                sheet.fault((*place, "headers", header), f"{header!r} is no name of a header")
    for place, read in _read(declaration):
        for found in expressions(read):
            for header in re.findall(r'http\.headers\."([^"]*[A-Z][^"]*)"', found.text):
                sheet.fault(place, f"http.headers has names in lower case: {header.lower()!r}, not {header!r}")


def _read(declaration: Declaration) -> Iterator[tuple[Place, object]]:
    """All that is read from answers, and where it stands."""
    for key in ("word", "output", "error", "progress", "logs", "started_at", "completed_at"):
        yield (key,), getattr(declaration, key)
    for key in ("counts", "metrics"):
        yield from (((key, name), inner) for name, inner in getattr(declaration, key).items())
    for n, rule in enumerate(declaration.rules):
        yield ("rules", n), rule.when
    submit = declaration.submit
    yield ("submit", "id"), submit.id
    yield from ((("submit", "keep", name), inner) for name, inner in submit.keep.items())
    yield from ((("submit", "refused", n), one.when) for n, one in enumerate(submit.refused))
    if declaration.result:
        yield ("result", "when"), declaration.result.when


def _unsaid(declaration: Declaration, sheet: Sheet, place: Place, trees: list[object]) -> None:
    """What is asked for of the options, the steps and what was kept, and nowhere said."""
    known = {
        "options": ("options", set(declaration.options)),
        "before": ("before", {step.name for step in declaration.before}),
        "kept": ("submit.keep", set(declaration.submit.keep)),
    }
    for name, (key, there) in known.items():
        for unknown in sorted(fields(trees, name) - there):
            has = ", ".join(sorted(there)) or "nothing"
            sheet.fault(place, f"{name}.{unknown} is nowhere said: {key} has {has}")


def _names(declaration: Declaration, sheet: Sheet) -> None:
    """The same of what reads answers."""
    for place, read in _read(declaration):
        _unsaid(declaration, sheet, place, [read])
    auth = declaration.auth
    _unsaid(declaration, sheet, ("auth",), [dict(auth.headers), dict(auth.query), dict(auth.body)])


def _steps(declaration: Declaration, sheet: Sheet) -> None:
    names = [step.name for step in declaration.before]
    for n, name in enumerate(names):
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,31}", name):
            sheet.fault(("before", n, "name"), f"{name!r} is no name of a step: use a-z, 0-9 and _")
        if name in names[:n]:
            sheet.fault(("before", n, "name"), f"there are two steps called {name}: the second would never be made")


def _uses_model(send: Send) -> set[str]:
    return {found.text for found in expressions([_parts(send)]) if re.search(r"(?<![\w.])model\b(?!\s*:)", found.text)}


def _parts(send: Send) -> list[object]:
    form = [getattr(part, "rows", part) for part in (send.form or {}).values()]
    return [send.url, send.headers, send.query, send.body, form]


def _sends(declaration: Declaration) -> Iterator[tuple[Place, Send]]:
    for n, step in enumerate(declaration.before):
        yield ("before", n), step.call.send
    yield ("submit",), declaration.submit.call.send
    yield ("status",), declaration.status.send
    if declaration.result:
        yield ("result",), declaration.result.call.send
    if declaration.cancel:
        yield ("cancel",), declaration.cancel.call.send
