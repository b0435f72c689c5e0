"""Loading declarations: what a person is told of each mistake, with file and line, and of nothing else."""

import re
from pathlib import Path
from typing import Any

import pytest

from lumeo.errors import ErrorCode
from lumeo.prediction import Remark, Status
from lumeo.providers import loading
from lumeo.providers.expressions import _NullSafe
from lumeo.providers.grammar import Declaration, JsonLines
from lumeo.providers.loading import DeclarationWrong, load, parse
from tests.unit.declaring import GOOD, changed, declaration

DOCS = Path(__file__).parents[2] / "docs" / "providers.md"


def complaints(text: str, name: str = "acme") -> list[str]:
    """The lines of what its author is told."""
    with pytest.raises(DeclarationWrong) as caught:
        parse(text, name, f"{name}.yaml")
    return str(caught.value).split("\n")


Change = tuple[str, str]


class TestMistakes:
    @pytest.mark.parametrize(
        ("changes", "wanted"),
        [
            pytest.param(
                [("title: Acme", "title: [Acme")],
                ["acme.yaml:2: no YAML: did not find expected ',' or ']'"],
                id="no YAML",
            ),
            pytest.param(
                [("title: Acme", "\ttitle: Acme")],
                ["acme.yaml:1: no YAML: found character that cannot start any token"],
                id="a tab",
            ),
            pytest.param(
                [("title: Acme", "title: !!python/name:os.system Acme")],
                [
                    (
                        "acme.yaml:1: no YAML: could not determine a constructor for the tag "
                        "'tag:yaml.org,2002:python/name:os.system'"
                    )
                ],
                id="a tag",
            ),
            pytest.param([("room: 60", "room: 60\nroom: 70")], ["acme.yaml:11: room stands here twice"], id="twice"),
            pytest.param(
                [
                    (
                        "  - {when: \"body.status == 'lost'\", status: gone}",
                        "  - {when: \"body.status == 'lost'\", when: x, status: gone}",
                    )
                ],
                ["acme.yaml:36: when stands here twice"],
                id="twice, deeper",
            ),
            pytest.param(
                [("room: 60", "room: 60\n---\nroom: 70")],
                ["acme.yaml:11: no YAML: but found another document"],
                id="two documents",
            ),
            pytest.param(
                [("word: body.status", "wordd: body.status")],
                [
                    "acme.yaml:1: the declaration has no 'word', which it needs",
                    "acme.yaml:44: nobody knows the key 'wordd': did you mean word?",
                ],
                id="a key with a slip",
            ),
            pytest.param(
                [("room: 60", "room: 60\nzzz: 1")],
                [
                    (
                        "acme.yaml:11: nobody knows the key 'zzz'; there is title, about, base, hosts, "
                        "model, options, auth, room, poll, before, submit, status, result, rules, word, "
                        "gone, output, files, error, counts, progress, metrics, logs, started_at, "
                        "completed_at, cancel, webhook, items"
                    )
                ],
                id="a key that is like none",
            ),
            pytest.param(
                [("  too_late: [409]", "  too_lat: [409]")],
                ["acme.yaml:64: nobody knows the key 'too_lat' in cancel: did you mean too_late?"],
                id="a key of a section",
            ),
            pytest.param(
                [("send: {method: DELETE, url", "send: {methd: DELETE, url")],
                ["acme.yaml:62: nobody knows the key 'methd' in cancel.send: did you mean method?"],
                id="a key of a request",
            ),
            pytest.param(
                [("status: failed, code: content_rejected", "status: failed, cod: content_rejected")],
                ["acme.yaml:39: nobody knows the key 'cod' in rules.3: did you mean code?"],
                id="a key of a rule",
            ),
            pytest.param(
                [("title: Acme\n", "")], ["acme.yaml:1: the declaration has no 'title', which it needs"], id="no title"
            ),
            pytest.param(
                [('hosts: [api.acme.test, "*.run.acme.test"]\n', "")],
                [
                    (
                        "acme.yaml:1: the declaration has no 'hosts': those that get the credential, such as "
                        "[api.example.com]"
                    )
                ],
                id="no hosts",
            ),
            pytest.param(
                [("room: 60\n", "")], ["acme.yaml:1: the declaration has no 'room', which it needs"], id="no room"
            ),
            pytest.param(
                [
                    (
                        (
                            'auth:\n  headers: {authorization: "Bearer {account.key}", x-team: '
                            '"{account.team}"}\n  optional: [team]\n'
                        ),
                        "",
                    )
                ],
                ["acme.yaml:1: the declaration has no 'auth', which it needs"],
                id="no auth",
            ),
            pytest.param(
                [("poll: {first: 5s, factor: 1.5, cap: 1m, deadline: 1h, collect_within: 24h}\n", "")],
                ["acme.yaml:1: the declaration has no 'poll', which it needs"],
                id="no poll",
            ),
            pytest.param(
                [('status:\n  send: {url: "{kept.look_at}"}\n  answers: [200, 202]\n', "")],
                ["acme.yaml:1: the declaration has no 'status', which it needs"],
                id="no status",
            ),
            pytest.param(
                [("output:\n  answer: result.body || body.output\n  results: body.results\n", "")],
                ["acme.yaml:1: the declaration has no 'output', which it needs"],
                id="no output",
            ),
            pytest.param(
                [("error: text(body.error)\n", "")],
                ["acme.yaml:1: the declaration has no 'error', which it needs"],
                id="no error",
            ),
            pytest.param([("cap: 1m, ", "")], ["acme.yaml:11: poll has no 'cap', which it needs"], id="no cap"),
            pytest.param(
                [('send: {method: DELETE, url: "{base}/jobs/{id}"}', "send: {method: DELETE}")],
                ["acme.yaml:62: cancel.send has no 'url', which it needs"],
                id="no url",
            ),
            pytest.param(
                [("  id: body.id\n  keep", "  keep")], ["acme.yaml:17: submit has no 'id', which it needs"], id="no id"
            ),
            pytest.param(
                [("    - {when: \"body.error.code == 'blocked'\", code", "    - {code")],
                ["acme.yaml:27: submit.refused.0 has no 'when', which it needs"],
                id="no when of a refusal",
            ),
            pytest.param(
                [("body.error.code == 'blocked'\", code: content_rejected}", "body.error.code == 'blocked'\"}")],
                [
                    (
                        "acme.yaml:27: submit.refused.0 has no 'code': one of content_rejected, "
                        "invalid_input, model_not_found, generation_failed, interrupted, provider_busy, "
                        "provider_unavailable, provider_account, deadline_exceeded, output_expired, "
                        "output_too_large, empty_output, submission_uncertain"
                    )
                ],
                id="no code of a refusal",
            ),
            pytest.param(
                [("'waits'\", status: starting}", "'waits'\"}")],
                [
                    (
                        "acme.yaml:42: rules.6 has no 'status': one of starting, processing, succeeded, "
                        "failed, canceled, gone"
                    )
                ],
                id="no status of a rule",
            ),
            pytest.param(
                [("  verify: hmac\n", "")],
                ["acme.yaml:65: webhook has no 'verify': one of token, hmac, fal"],
                id="no verify",
            ),
            pytest.param(
                [(", example: acme/fast", "")], ["acme.yaml:5: model has no 'example', which it needs"], id="no example"
            ),
            pytest.param(
                [("title: Acme", "title: 7")],
                ["acme.yaml:1: title should be a text: put it in quotes, not 7"],
                id="a number for a text",
            ),
            pytest.param(
                [("room: 60", 'room: "60"')],
                ["acme.yaml:10: room should be a number, not '60'"],
                id="a text for a number",
            ),
            pytest.param(
                [("room: 60", "room: true")], ["acme.yaml:10: room should be a number, not True"], id="yes for a number"
            ),
            pytest.param(
                [("optional: true", 'optional: "yes"')],
                ["acme.yaml:5: optional should be true or false, not 'yes'"],
                id="a text for a flag",
            ),
            pytest.param(
                [("first: 5s", "first: 5")],
                ["acme.yaml:11: first should be a duration such as 10s, 5m, 24h or 7d, not 5"],
                id="a number for a duration",
            ),
            pytest.param(
                [("deadline: 1h", "deadline: 1w")],
                ["acme.yaml:11: deadline should be a duration such as 10s, 5m, 24h or 7d, not '1w'"],
                id="no unit that is known",
            ),
            pytest.param(
                [("first: 5s", "first: 0s")],
                ["acme.yaml:11: first should be a duration such as 10s, 5m, 24h or 7d, not '0s'"],
                id="nothing for a duration",
            ),
            pytest.param(
                [("answers: [200, 422]", "answers: 200")],
                ["acme.yaml:34: answers should be a list of HTTP statuses such as [200, 202], not 200"],
                id="a text for statuses",
            ),
            pytest.param(
                [("too_late: [409]", "too_late: [4090]")],
                ["acme.yaml:64: too_late should be a list of HTTP statuses such as [200, 202], not [4090]"],
                id="no status, two",
            ),
            pytest.param(
                [("too_late: [409]", 'too_late: ["409"]')],
                ["acme.yaml:64: too_late should be a list of HTTP statuses such as [200, 202], not ['409']"],
                id="texts for statuses",
            ),
            pytest.param(
                [("optional: [team]", "optional: team")],
                ["acme.yaml:9: optional should be a list of texts, not 'team'"],
                id="a text for a list of texts",
            ),
            pytest.param(
                [("  files: [/results]", "  files: [7]")],
                ["acme.yaml:71: files should be a list of texts, not [7]"],
                id="numbers in a list of texts",
            ),
            pytest.param(
                [("counts: {total: body.counts.total, failed: body.counts.failed}", "counts: body.counts")],
                ["acme.yaml:55: counts should be a map, not 'body.counts'"],
                id="a text for a map",
            ),
            pytest.param(
                [
                    (
                        (
                            "webhook:\n  verify: hmac\n  id: body.id\n  ended: body.status == 'done'\n  hmac: "
                            '{header: X-Acme-Signature, prefix: "sha256=", encoding: hex, signed: "{body}", '
                            "tolerance: 60}\n"
                        ),
                        "webhook: token\n",
                    ),
                    ('hook: "{webhook}", secret: "{webhook_secret}"', "hook: x"),
                ],
                ["acme.yaml:65: webhook should be a map with verify, id, ended, hmac"],
                id="a text for a section",
            ),
            pytest.param(
                [("  refused:\n    - {when", "  refused:\n    {when")],
                [
                    (
                        "acme.yaml:26: refused should be a list, not {'when': \"body.error.code == "
                        "'blocked'\", 'code': 'content_rejected'}"
                    )
                ],
                id="a map for a list",
            ),
            pytest.param(
                [("  - {when: \"body.status == 'waits'\", status: starting}", "  - waits")],
                ["acme.yaml:42: rules.6 should be a map with when, status, code, warning"],
                id="a text in a list of maps",
            ),
            pytest.param(
                [("logs: body.log", "logs: 7")],
                ["acme.yaml:58: logs should be an expression, in quotes, not 7"],
                id="a number for an expression",
            ),
            pytest.param(
                [("logs: body.log", "logs: [body.log]")],
                ["acme.yaml:58: logs should be an expression, in quotes, not ['body.log']"],
                id="a list for an expression",
            ),
            pytest.param(
                [('query: {wait: "0"}', "query: {wait: 0}")],
                ["acme.yaml:21: wait should be a text, in quotes, not 0"],
                id="a number for a template",
            ),
            pytest.param(
                [('version: "2026-01-01"', "version: 2")],
                ["acme.yaml:6: the default of version should be a text: put it in quotes, not 2"],
                id="a default that is no text",
            ),
            pytest.param(
                [("encoding: hex", "encoding: hexx")],
                ["acme.yaml:69: encoding is one of hex, base64, not 'hexx': did you mean hex?"],
                id="a word that is none",
            ),
            pytest.param(
                [("method: DELETE", "method: REMOVE")],
                ["acme.yaml:62: method is one of GET, POST, PUT, PATCH, DELETE, not 'REMOVE'"],
                id="a method",
            ),
            pytest.param(
                [("gone: output_expired", "gone: expired")],
                [
                    (
                        "acme.yaml:45: gone is one of content_rejected, invalid_input, model_not_found, "
                        "generation_failed, interrupted, provider_busy, provider_unavailable, "
                        "provider_account, deadline_exceeded, output_expired, output_too_large, "
                        "empty_output, submission_uncertain, not 'expired': did you mean output_expired?"
                    )
                ],
                id="an error code",
            ),
            pytest.param(
                [("'stopped'\", status: canceled}", "'stopped'\", status: aborted}")],
                [
                    (
                        "acme.yaml:37: status is one of starting, processing, succeeded, failed, canceled, "
                        "gone, not 'aborted'"
                    )
                ],
                id="a status of ours that no rule may say",
            ),
            pytest.param(
                [("warning: partial", "warning: some")],
                ["acme.yaml:40: warning is one of partial, incomplete, not 'some'"],
                id="a warning that is none",
            ),
            pytest.param(
                [("  with_key:", "  redirects: all\n  with_key:")],
                ["acme.yaml:51: redirects is one of public, not 'all'"],
                id="redirects",
            ),
            pytest.param(
                [("word: body.status", "word: body.")],
                [
                    (
                        "acme.yaml:44: 'body.' is no JMESPath: Expecting: ['quoted_identifier', "
                        "'unquoted_identifier', 'lbracket', 'lbrace'], got: eof: Parse error at column 5, "
                        'token "" (EOF), for expression'
                    )
                ],
                id="a syntax error",
            ),
            pytest.param(
                [("`422`", "422")],
                [
                    (
                        "acme.yaml:38: \"body.status == 'bad' || result.http.status == 422\" is no JMESPath: "
                        "numbers stand in backticks, as in http.status == `404`"
                    )
                ],
                id="a bare number compared",
            ),
            pytest.param(
                [("body.status == 'lost'", "body.status == lost")],
                [
                    (
                        "acme.yaml:36: 'body.status == lost': nothing is called 'lost' here (texts stand in "
                        "single quotes: 'lost'); there is base, before, body, http, id, kept, model, "
                        "options, result, url"
                    )
                ],
                id="a text without quotes",
            ),
            pytest.param(
                [("logs: body.log", "logs: boddy.log")],
                [
                    (
                        "acme.yaml:58: 'boddy.log': nothing is called 'boddy' here: did you mean body?; "
                        "there is base, before, body, http, id, kept, model, options, result, url"
                    )
                ],
                id="a name that is not there",
            ),
            pytest.param(
                [("  id: body.id\n  keep", "  id: result.body.id\n  keep")],
                [
                    (
                        "acme.yaml:23: 'result.body.id': nothing is called 'result' here (texts stand in "
                        "single quotes: 'result'); there is base, before, body, http, model, options, url"
                    )
                ],
                id="a name of a look in the submission",
            ),
            pytest.param(
                [("logs: body.log", "logs: in.log")],
                [
                    (
                        "acme.yaml:58: 'in.log': nothing is called 'in' here (texts stand in single quotes: "
                        "'in'); there is base, before, body, http, id, kept, model, options, result, url"
                    )
                ],
                id="a name of the submission in a look",
            ),
            pytest.param(
                [('query: {wait: "0"}', 'query: {wait: "{account.wait}"}')],
                [
                    (
                        "acme.yaml:21: '{account.wait}': nothing is called 'account' here (texts stand in "
                        "single quotes: 'account'); there is base, before, in, model, options, prediction, "
                        "seconds, webhook, webhook_secret"
                    )
                ],
                id="account outside of auth",
            ),
            pytest.param(
                [('x-team: "{account.team}"', 'x-team: "{in.team}"')],
                [
                    (
                        "acme.yaml:8: '{in.team}': nothing is called 'in' here (texts stand in single "
                        "quotes: 'in'); there is account, model, options"
                    )
                ],
                id="input in auth",
            ),
            pytest.param(
                [("ended: body.status == 'done'", "ended: http.status == `200`")],
                [
                    (
                        "acme.yaml:68: 'http.status == `200`': nothing is called 'http' here (texts stand in "
                        "single quotes: 'http'); there is body"
                    )
                ],
                id="http in a webhook",
            ),
            pytest.param(
                [("logs: body.log", "logs: to_string(body.log)")],
                [
                    (
                        "acme.yaml:58: 'to_string(body.log)': to_string() fails on null, and what a provider "
                        "leaves out is null: write text(x)"
                    )
                ],
                id="a function that fails on null",
            ),
            pytest.param(
                [("text(body.error)", "txt(body.error)")],
                ["acme.yaml:54: 'txt(body.error)': there is no function txt(): did you mean text?"],
                id="a function that is not there",
            ),
            pytest.param(
                [("when: body.status == 'done' && body.answer_at", 'when: "!body.status.x"')],
                ["acme.yaml:32: '!body.status.x': !a.b means (!a).b, which is null: write !(a.b)"],
                id="not a path",
            ),
            pytest.param(
                [('look_at: "{base}/jobs/{id}"', 'look_at: "{base}/jobs/{id"')],
                ["acme.yaml:25: '{base}/jobs/{id' opens a brace that it does not close"],
                id="a brace that is open",
            ),
            pytest.param(
                [('query: {wait: "0"}', 'query: {wait: "0}"}')],
                ["acme.yaml:21: '0}' closes a brace that it does not open: a literal one is written twice"],
                id="a brace that closes",
            ),
            pytest.param(
                [('hook: "{webhook}"', 'hook: "{webhook} {hook}"')],
                [
                    (
                        "acme.yaml:22: '{webhook} {hook}': nothing is called 'hook' here: did you mean "
                        "webhook?; there is base, before, in, model, options, prediction, seconds, webhook, "
                        "webhook_secret"
                    )
                ],
                id="a template's name",
            ),
            pytest.param(
                [('    body: {"...": "{in}"', '    form: {a: b}\n    body: {"...": "{in}"')],
                ["acme.yaml:22: a request has a body or a form, not both"],
                id="a body and a form",
            ),
            pytest.param(
                [(", name: in.jsonl", "")],
                ["acme.yaml:15: before.0.send.form.file has no 'name', which it needs"],
                id="a file without a name",
            ),
            pytest.param(
                [("failed: body.counts.failed}", "broken: body.counts.failed}")],
                ["acme.yaml:55: counts has total, succeeded, failed, canceled, expired, not 'broken'"],
                id="a count that is none",
            ),
            pytest.param(
                [("'done'\", status: succeeded}", "'done'\", status: succeeded, code: interrupted}")],
                ["acme.yaml:41: a code says why something failed: it has no meaning with succeeded"],
                id="a code of what did not fail",
            ),
            pytest.param(
                [("'stopped'\", status: canceled}", "'stopped'\", status: canceled, warning: partial}")],
                ["acme.yaml:37: a warning is for what succeeded: it has no meaning with canceled"],
                id="a warning of what did not succeed",
            ),
            pytest.param(
                [
                    (
                        (
                            '  hmac: {header: X-Acme-Signature, prefix: "sha256=", encoding: hex, signed: '
                            '"{body}", tolerance: 60}\n'
                        ),
                        "",
                    )
                ],
                ["acme.yaml:65: how it is signed stands under hmac, exactly where verify says hmac"],
                id="hmac without its map",
            ),
            pytest.param(
                [("verify: hmac", "verify: token")],
                ["acme.yaml:69: how it is signed stands under hmac, exactly where verify says hmac"],
                id="hmac's map with token",
            ),
            pytest.param(
                [("[api.acme.test,", "[https://api.acme.test,")],
                [
                    (
                        "acme.yaml:4: 'https://api.acme.test' is no host: write api.example.com, or "
                        "*.example.com for sub-domains"
                    )
                ],
                id="a host with a scheme",
            ),
            pytest.param(
                [('hosts: ["*.files.acme.test"]', "hosts: [files]")],
                ["acme.yaml:50: 'files' is no host: write api.example.com, or *.example.com for sub-domains"],
                id="a host of one label",
            ),
            pytest.param(
                [("base: https://api", "base: http://api")],
                [
                    (
                        "acme.yaml:3: base should be https:// and a host, perhaps with a path, without a "
                        "slash at its end, not 'http://api.acme.test/v1'"
                    )
                ],
                id="a base over http",
            ),
            pytest.param(
                [("base: https://api.acme.test/v1", "base: https://api.acme.test/v1/")],
                [
                    (
                        "acme.yaml:3: base should be https:// and a host, perhaps with a path, without a "
                        "slash at its end, not 'https://api.acme.test/v1/'"
                    )
                ],
                id="a base with a slash",
            ),
            pytest.param(
                [("base: https://api.acme.test/v1", "base: https://api.acme.test/v1?a=b")],
                [
                    (
                        "acme.yaml:3: base should be https:// and a host, perhaps with a path, without a "
                        "slash at its end, not 'https://api.acme.test/v1?a=b'"
                    )
                ],
                id="a base with a query",
            ),
            pytest.param(
                [("base: https://api.acme.test/v1", "base: https://u:p@api.acme.test/v1")],
                [
                    (
                        "acme.yaml:3: base should be https:// and a host, perhaps with a path, without a "
                        "slash at its end, not 'https://u:p@api.acme.test/v1'"
                    )
                ],
                id="a base with a user",
            ),
            pytest.param(
                [("[api.acme.test,", "[apis.acme.test,")],
                ["acme.yaml:4: hosts does not hold api.acme.test, where base is: it would never get the credential"],
                id="a base on none of hosts",
            ),
            pytest.param(
                [('hosts: [api.acme.test, "*.run.acme.test"]', "hosts: []")],
                ["acme.yaml:4: hosts does not hold api.acme.test, where base is: it would never get the credential"],
                id="no hosts in the list",
            ),
            pytest.param(
                [("collect_within: 24h", "collect_within: 5m")],
                [
                    (
                        "acme.yaml:11: a result that is kept for 300 s can be missed with waits of 60 s: cap "
                        "should be at most a sixth of collect_within, 50 s"
                    )
                ],
                id="results that are missed",
            ),
            pytest.param(
                [("deadline: 1h", "deadline: 7d")],
                ["acme.yaml:11: until the deadline there would be more than 1500 looks: raise cap to 404 s"],
                id="too many looks",
            ),
            pytest.param(
                [("room: 60", "room: 0")],
                ["acme.yaml:10: room should be at least 1, in submissions a minute"],
                id="no room at all",
            ),
            pytest.param(
                [
                    (
                        (
                            "  - {when: \"body.status == 'some'\", status: succeeded, warning: partial}\n  - "
                            "{when: \"body.status == 'done'\", status: succeeded}\n"
                        ),
                        "",
                    )
                ],
                ["acme.yaml:35: no rule says succeeded: it would never end well"],
                id="no success",
            ),
            pytest.param(
                [
                    (
                        (
                            "  - {when: \"body.status == 'bad' || result.http.status == `422`\", status: "
                            "failed}\n  - {when: \"body.status == 'blocked'\", status: failed, code: "
                            "content_rejected}\n"
                        ),
                        "",
                    )
                ],
                ["acme.yaml:35: no rule says failed: a failure would be waited for until the deadline"],
                id="no failure",
            ),
            pytest.param(
                [("  - {when: \"body.status == 'stopped'\", status: canceled}", "  - {status: canceled}")],
                ["acme.yaml:37: a rule without when takes all that is left: no rule after it can match"],
                id="a rule behind all",
            ),
            pytest.param(
                [("{when: ok, status: succeeded}", "{when: ok, status: processing}")],
                ["acme.yaml:74: an item is succeeded, failed or canceled, not processing"],
                id="an item that runs",
            ),
            pytest.param(
                [("  rules:\n    - {when: ok, status: succeeded}\n    - {status: failed}\n", "")],
                ["acme.yaml:70: items has no rules, which say how each ended"],
                id="items without rules",
            ),
            pytest.param(
                [("{at: /answer/*/video}", "{at: answer}")],
                ["acme.yaml:53: 'answer' is no JSON Pointer: it begins with /, as in /results"],
                id="no pointer",
            ),
            pytest.param(
                [("  files: [/results]", "  files: [/answers]")],
                ["acme.yaml:71: '/answers' is not one of the places of files.with_key"],
                id="items of no file",
            ),
            pytest.param(
                [('hook: "{webhook}"', "hook: x")],
                ["acme.yaml:17: there is a webhook, but the submission does not say where: use {webhook} in it"],
                id="a webhook that nobody is told of",
            ),
            pytest.param(
                [
                    (
                        (
                            "webhook:\n  verify: hmac\n  id: body.id\n  ended: body.status == 'done'\n  hmac: "
                            '{header: X-Acme-Signature, prefix: "sha256=", encoding: hex, signed: "{body}", '
                            "tolerance: 60}\n"
                        ),
                        "",
                    )
                ],
                [
                    (
                        "acme.yaml:17: {webhook} is given to the provider, but nothing says how its calls "
                        "are verified: add webhook"
                    )
                ],
                id="a webhook that is not verified",
            ),
            pytest.param(
                [('secret: "{webhook_secret}"', "secret: x")],
                [
                    (
                        "acme.yaml:17: its webhook is signed with a secret that the submission has to hand "
                        "over: use {webhook_secret}"
                    )
                ],
                id="a secret that is not handed over",
            ),
            pytest.param(
                [("pattern: '[a-z]+(/[a-z]+)?'", "pattern: '[a-z'")],
                ["acme.yaml:5: '[a-z' is no regular expression: unterminated character set at position 0"],
                id="a pattern that is none",
            ),
            pytest.param(
                [("example: acme/fast", "example: Acme")],
                ["acme.yaml:5: 'Acme' is not what the pattern '[a-z]+(/[a-z]+)?' takes"],
                id="an example that the pattern does not take",
            ),
            pytest.param(
                [('url: "{base}/jobs/{model}"', 'url: "https://evil.test/jobs/{model}"')],
                ["acme.yaml:19: 'https://evil.test/jobs/{model}' leads to no host of hosts: begin it with {base}"],
                id="a url elsewhere",
            ),
            pytest.param(
                [('send: {method: DELETE, url: "{base}/jobs/{id}"}', 'send: {method: DELETE, url: "/jobs/{id}"}')],
                ["acme.yaml:62: '/jobs/{id}' leads to no host of hosts: begin it with {base}"],
                id="a url without a scheme",
            ),
            pytest.param(
                [
                    (
                        'send: {method: DELETE, url: "{base}/jobs/{id}"}',
                        'send: {method: DELETE, url: "https://{id}.run.acme.test/"}',
                    )
                ],
                ["acme.yaml:62: 'https://{id}.run.acme.test/' leads to no host of hosts: begin it with {base}"],
                id="a host made of a value",
            ),
            pytest.param(
                [('query: {wait: "0"}', 'query: {wait: "{options.versoin}"}')],
                ["acme.yaml:18: options.versoin is nowhere said: options has version"],
                id="an option that is not said",
            ),
            pytest.param(
                [('send: {url: "{kept.look_at}"}', 'send: {url: "{base}/jobs"}')],
                ["acme.yaml:29: status does not say which run it is about: use {id} or what submit.keep has"],
                id="a look at no run",
            ),
            pytest.param(
                [("headers: {x-version:", 'headers: {"x version":')],
                ["acme.yaml:20: 'x version' is no name of a header"],
                id="a header's name that is none",
            ),
            pytest.param(
                [("{before.file.id}", "{before.fil.id}")],
                ["acme.yaml:18: before.fil is nowhere said: before has file"],
                id="a step that is not there",
            ),
            pytest.param(
                [('send: {url: "{kept.look_at}"}', 'send: {url: "{kept.look}"}')],
                ["acme.yaml:29: kept.look is nowhere said: submit.keep has look_at"],
                id="what is not kept",
            ),
            pytest.param(
                [("model: {pattern: '[a-z]+(/[a-z]+)?', example: acme/fast, optional: true}\n", "")],
                ["acme.yaml:17: {model} is used, but the declaration has no model: say its pattern and an example"],
                id="a model that is not declared",
            ),
        ],
    )
    def test_each_is_said_and_nothing_else(self, changes: list[Change], wanted: list[str]) -> None:
        assert complaints(changed(*changes)) == wanted

    @pytest.mark.parametrize(
        ("changes", "line", "word"),
        [
            pytest.param([("cap: 1m", "cap: 4s")], 11, "cap", id="a cap below the first wait"),
            pytest.param([("factor: 1.5", "factor: 0.5")], 11, "factor", id="a factor below one"),
            pytest.param([("room: 60", "room: .nan")], 10, "room", id="no number"),
            pytest.param([("room: 60", "room: .inf")], 10, "room", id="no end"),
            pytest.param([("tolerance: 60", "tolerance: .inf")], 69, "tolerance", id="no end of tolerance"),
            pytest.param([('version: "2026-01-01"', "version: 2026-02-30")], 6, "", id="a day that there is not"),
            pytest.param([("room: 60", "room: !!int sixty")], 10, "", id="a number that is none"),
            pytest.param(
                [("counts: {total: body.counts.total, failed: body.counts.failed}", "counts: &a {total: *a}")],
                1,
                "",
                id="a map within itself",
            ),
            pytest.param(
                [("    keep: {id: body.id}\n", '    keep: {id: body.id}\n  - {name: file, send: {url: "{base}/x"}}\n')],
                17,
                "file",
                id="two steps of a name",
            ),
            pytest.param(
                [("- name: file", "- name: my.file"), ('file: "{before.file.id}", ', "")],
                13,
                "name",
                id="a step whose name is no word",
            ),
            pytest.param([('signed: "{body}"', 'signed: "x"')], 69, "signed", id="signed without the body"),
            pytest.param(
                [('signed: "{body}"', 'signed: "{ts}.{body}"')], 69, "signed", id="signed with what nobody knows"
            ),
            pytest.param(
                [('signed: "{body}"', 'signed: "{timestamp}.{body}"')],
                69,
                "timestamp",
                id="signed with a time of no header",
            ),
            pytest.param(
                [('signed: "{body}"', 'signed: "{id}.{body}"')], 69, "id", id="signed with an id of no header"
            ),
            pytest.param(
                [('signed: "{body}"', 'signed: "{body}", timestamp_header: x-at')],
                69,
                "timestamp",
                id="a time that is not signed",
            ),
            pytest.param(
                [("  headers: {authorization:", "  body: {authorization:")],
                15,
                "body",
                id="a key in the body beside a form",
            ),
            pytest.param(
                [("ratio(body.counts.done, body.counts.total)", "ratio(body.counts.done)")],
                56,
                "ratio",
                id="an argument that is missing",
            ),
            pytest.param([("word: body.status", "word: kept.status")], 44, "kept.status", id="what is not kept"),
            pytest.param(
                [("word: body.status", "word: options.status")], 44, "options.status", id="an option that is not said"
            ),
            pytest.param(
                [("word: body.status", "word: before.files.id")], 44, "before.files", id="a step that is not there"
            ),
            pytest.param([("answers: [200, 422]", "answers: []")], 34, "answers", id="no statuses"),
            pytest.param([("file: {jsonl:", "file: {json:")], 15, "json", id="a file of a form"),
            pytest.param(
                [
                    (
                        "    - {when: ok, status: succeeded}\n    - {status: failed}\n",
                        "    - {status: failed}\n    - {when: ok, status: succeeded}\n",
                    )
                ],
                74,
                "when",
                id="a rule behind all items",
            ),
            pytest.param([("  files: [/results]\n", "")], 70, "files", id="items of no files"),
            pytest.param(
                [("error: text(body.error)", 'error: http.headers."X-Error"')],
                54,
                "x-error",
                id="a header in upper case",
            ),
            pytest.param(
                [("ended: body.status == 'done'", "ended: body.status == `done`")],
                68,
                "quotes",
                id="a text in backticks",
            ),
        ],
    )
    def test_each_is_said_once(self, changes: list[Change], line: int, word: str) -> None:
        """In whatever words, but with its line and with what it is about."""
        said = complaints(changed(*changes))

        assert {one.partition(": ")[0] for one in said} == {f"acme.yaml:{line}"}
        assert any(word in one for one in said)
        assert "Policy(" not in str(said)

    def test_all_are_said_at_once_in_the_order_of_the_file(self) -> None:
        text = changed(
            ("title: Acme", "title: 7"),
            ("room: 60", "room: much"),
            ("word: body.status", "word: boddy"),
            ("  too_late: [409]", "  too_late: never"),
        )

        assert [line.partition(": ")[0] for line in complaints(text)] == [
            "acme.yaml:1",
            "acme.yaml:10",
            "acme.yaml:44",
            "acme.yaml:64",
        ]

    def test_what_makes_no_sense_together_too(self) -> None:
        text = changed(("base: https://api.acme.test/v1", "base: https://api.acme.test/v1/"), ("room: 60", "room: 0"))

        assert [line.partition(": ")[0] for line in complaints(text)] == ["acme.yaml:3", "acme.yaml:10"]

    @pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "a text\n"])
    def test_no_map_at_all(self, text: str) -> None:
        """One sentence says it."""
        assert complaints(text) == ["acme.yaml:1: a declaration is a map that begins with title, see docs/providers.md"]

    @pytest.mark.parametrize("name", ["Acme", "ac-me", "1acme", "replicate", "a" * 33])
    def test_a_name_that_is_none(self, name: str) -> None:
        assert complaints(GOOD, name) == [
            f"{name}.yaml:1: the file's name is the provider's: a-z, 0-9 and _, and not replicate; {name!r} is none"
        ]

    def test_a_text_that_is_none(self, tmp_path: Path) -> None:
        file = tmp_path / "acme.yaml"
        file.write_bytes(GOOD.encode("utf-16"))

        with pytest.raises(DeclarationWrong, match=re.escape(f"{file}:1: no UTF-8 text")):
            load(file)


class TestSections:
    """One that is missing altogether."""

    @pytest.mark.parametrize("text", [GOOD])
    def test_what_is_required(self, text: str) -> None:
        docs = {key for key, needed in documented().items() if needed}
        tops = [line for line in text.split("\n") if re.match(r"[a-z]", line)]
        for key in docs:
            (start,) = [n for n, line in enumerate(text.split("\n")) if line.startswith(f"{key}:")]
            lines = text.split("\n")
            end = next((n for n in range(start + 1, len(lines)) if lines[n] in tops), len(lines))
            without = "\n".join([*lines[:start], *lines[end:]])

            assert any(f"has no {key!r}" in line or "no rule says" in line for line in complaints(without)), key


class TestGood:
    def test_is_read(self) -> None:
        found = declaration()

        assert isinstance(found, Declaration)
        assert (found.name, found.title, found.base) == ("acme", "Acme", "https://api.acme.test/v1")
        assert found.hosts == ("api.acme.test", "*.run.acme.test")
        assert found.auth.needs == {"key"}
        assert found.options == {"version": "2026-01-01"}
        assert (found.room, found.polling.first, found.polling.cap) == (60, 5, 60)
        assert (found.polling.deadline, found.polling.result_window) == (3600, 86_400)
        assert found.gone is ErrorCode.OUTPUT_EXPIRED
        assert [rule.status for rule in found.rules][:3] == ["gone", Status.CANCELED, Status.FAILED]
        assert found.rules[4].warning is Remark.PARTIAL
        assert found.with_key[0].type == "application/x-ndjson"
        assert found.redirects is False

    def test_what_is_left_out(self) -> None:
        """All that need not be said."""
        bare = parse(BARE, "bare", "bare.yaml")

        assert bare.base is None
        assert bare.auth.needs == frozenset()
        assert (bare.model, bare.options, bare.before, bare.result) == (None, {}, (), None)
        assert (bare.cancel, bare.webhook, bare.items) == (None, None, None)
        assert bare.gone is ErrorCode.INTERRUPTED
        assert (bare.submit.call.send.method, bare.status.send.method) == ("POST", "GET")
        assert bare.status.takes(200)
        assert bare.status.takes(299)
        assert not bare.status.takes(300)
        assert (bare.files, bare.with_key, bare.redirects) == ((), (), False)

    def test_forms(self) -> None:
        form: Any = declaration().before[0].call.send.form

        assert isinstance(form["file"], JsonLines)
        assert (form["file"].rows.text, form["file"].name) == ("{in.requests}", "in.jsonl")
        assert form["purpose"].of({}) == "batch"

    def test_a_file_is_named_as_its_provider(self, tmp_path: Path) -> None:
        (tmp_path / "other.yaml").write_text(GOOD)

        assert load(tmp_path / "other.yaml").name == "other"


BARE = """\
title: Bare
about: All that is required.
base: account
hosts: []
auth: none
room: 1
poll: {first: 1s, factor: 1, cap: 1s, deadline: 1m, collect_within: 6s}
submit: {send: {url: "{base}/jobs", body: "{in}"}, id: body.id}
status: {send: {url: "{base}/jobs/{id}"}}
rules: [{when: body.ok, status: succeeded}, {when: body.bad, status: failed}]
word: body.word
output: body.output
error: body.error
"""


def section(title: str) -> str:
    """A chapter of the documentation."""
    text = DOCS.read_text(encoding="utf-8")
    return text.partition(f"\n{title}\n")[2].partition("\n#")[0]


def table(text: str) -> list[list[str]]:
    """The rows of the first table of a text, without its head."""
    rows = [line for line in text.split("\n") if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def words(cell: str) -> list[str]:
    return re.findall(r"`([a-z_]+)", cell)


def documented() -> dict[str, bool]:
    """Each key of a declaration, and whether it is required."""
    return {key: row[1] == "required" for row in table(section("## The declaration")) for key in words(row[0])}


class TestDocumentation:
    def test_every_key_is_known_and_the_other_way_round(self) -> None:
        assert sorted(documented()) == sorted(loading._KEYS)

    def test_names_in_requests(self) -> None:
        said = {name for row in table(section("### Requests")) for name in words(row[0])}

        assert said == loading._SENDING | loading._LATER | {"account"}

    def test_names_in_answers(self) -> None:
        said = {name for row in table(section("### Reading")) for name in words(row[0])}

        assert said == loading._SEEN

    def test_functions(self) -> None:
        """Those that take null, each as it is written there."""
        ours = {name.removeprefix("_func_") for name in vars(_NullSafe) if name.startswith("_func_")}
        said = set(re.findall(r"`([a-z]+)\([^)`]*\)`", section("### Reading")))

        assert said == ours

    @pytest.mark.parametrize(
        ("place", "title"),
        [
            (loading._FILES, "### Reading"),
            (loading._SEND, "### Requests"),
            (("verify", "id", "ended", "hmac"), "### Webhooks"),
        ],
    )
    def test_keys_of_sections_are_spoken_of(self, place: tuple[str, ...], title: str) -> None:
        text = section(title)

        assert [key for key in place if not re.search(rf"\b{key}\b", text)] == []
