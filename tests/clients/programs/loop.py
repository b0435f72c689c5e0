"""The loop that apps write without a client: submit by version with `Token`, look until it is over, take the output.

Python's standard library is all it needs.
"""

import urllib.error
import urllib.request

from tests.clients.programs.lines import serve
from tests.clients.programs.raw import COMMANDS, Call, Raw


def connect(at: str, key: str, headers: dict[str, str]) -> Raw:
    return Raw(_http, at, {"Authorization": f"Token {key}", **headers})


def _http(call: Call) -> tuple[int, bytes]:
    request = urllib.request.Request(call.url, call.body, call.headers, method=call.method)
    try:
        with urllib.request.urlopen(request, timeout=call.timeout) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


if __name__ == "__main__":
    serve(connect, COMMANDS)
