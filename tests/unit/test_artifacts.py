"""Which parts of an output are files, where they may be fetched, and what stands in their place afterwards."""

import json
import re
import subprocess
import sys
from contextlib import suppress
from itertools import chain, product
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from hypothesis import given

from lumeo import outputs
from lumeo.artifacts import Artifact, Download, Hosts, find, replace
from lumeo.errors import CopyError
from lumeo.outputs import Destination
from tests.unit.make import JSON

HOSTS = Hosts(("replicate.delivery", "*.replicate.delivery", "http://127.0.0.1:8123", "https://files.test:8443"))
FILE = "https://replicate.delivery/pbxt/Abc123/out-0.png"
OTHER = "https://a.b.replicate.delivery/mgxm/out-1.png"
ELSEWHERE = "https://example.com/out-0.png"
PIECES = ("replicate.delivery", "127.0.0.1:8123", "evil.com", ".", "/", "\\", "@", ":", "#", "?", "%2F", "\t", "[", "]")
PNG = "data:image/png;base64,iVBORw0KGgo="


class TestHosts:
    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("https://replicate.delivery/out.png", id="the host"),
            pytest.param("https://replicate.delivery", id="no path"),
            pytest.param("https://replicate.delivery?x=1", id="a query at once"),
            pytest.param("https://replicate.delivery#x", id="a fragment at once"),
            pytest.param("https://replicate.delivery:443/out.png", id="its port"),
            pytest.param("https://replicate.delivery:/out.png", id="an empty port"),
            pytest.param("https://a.replicate.delivery/out.png", id="a sub-domain"),
            pytest.param("https://a.b.c.replicate.delivery/out.png", id="a deep sub-domain"),
            pytest.param("https://xn--bcher-kva.replicate.delivery/out.png", id="an IDN sub-domain"),
            pytest.param("HTTPS://Replicate.Delivery/Out.PNG", id="upper case"),
            pytest.param("https://replicate.delivery/a@b:c/out.png", id="signs in the path"),
            pytest.param("https://replicate.delivery/out.png?next=https://evil.com", id="a URL in the query"),
            pytest.param("http://127.0.0.1:8123/out.png", id="a whole origin"),
            pytest.param("HTTP://127.0.0.1:8123/out.png", id="a whole origin in upper case"),
            pytest.param("https://files.test:8443/out.png", id="a whole origin with TLS"),
        ],
    )
    def test_allowed(self, url: str) -> None:
        assert HOSTS.allows(url)

    @pytest.mark.parametrize(
        "url",
        [
            pytest.param("https://example.com/out.png", id="another host"),
            pytest.param("https://replicate.delivery.evil.com/out.png", id="as a prefix"),
            pytest.param("https://evilreplicate.delivery/out.png", id="as a suffix without a dot"),
            pytest.param("https://replicate-delivery/out.png", id="a dash for the dot"),
            pytest.param("https://replicate.deliverys/out.png", id="a letter more"),
            pytest.param("https://delivery/out.png", id="the last label"),
            pytest.param("https://evil.com/replicate.delivery/out.png", id="in the path"),
            pytest.param("https://evil.com?replicate.delivery", id="in the query"),
            pytest.param("https://evil.com#.replicate.delivery", id="in the fragment"),
            pytest.param("https://replicate.delivery@evil.com/out.png", id="as a user"),
            pytest.param("https://replicate.delivery:443@evil.com/out.png", id="as a user with a password"),
            pytest.param("https://user@replicate.delivery/out.png", id="a user"),
            pytest.param(
                "https://user:password@replicate.delivery/out.png",  # pragma: allowlist secret
                id="a password",
            ),
            pytest.param("https://@replicate.delivery/out.png", id="an empty user"),
            pytest.param("https://:@replicate.delivery/out.png", id="an empty password"),
            pytest.param("https://replicate.delivery\\@evil.com/out.png", id="a backslash before the user"),
            pytest.param("https://evil.com\\@replicate.delivery/out.png", id="a backslash in the user"),
            pytest.param("https://evil.com\\.replicate.delivery/out.png", id="a backslash before the dot"),
            pytest.param("https://evil.com\\a.replicate.delivery/out.png", id="a backslash in the host"),
            pytest.param("https://evil.com%2F.replicate.delivery/out.png", id="an escaped slash in the host"),
            pytest.param("https://evil.com%00.replicate.delivery/out.png", id="an escaped zero in the host"),
            pytest.param("https://evil.com /.replicate.delivery/out.png", id="a space in the host"),
            pytest.param("https:\\\\replicate.delivery\\out.png", id="backslashes for slashes"),
            pytest.param("https://evil.com\uff0f.replicate.delivery/out.png", id="a full-width slash"),
            pytest.param("https://evil.com\u2100.replicate.delivery/out.png", id="a sign that becomes a slash"),
            pytest.param("https://replicate\uff0edelivery/out.png", id="a full-width dot"),
            pytest.param("https://replicate\u3002delivery/out.png", id="an ideographic dot"),
            pytest.param("https://repl\u0456cate.delivery/out.png", id="a Cyrillic letter"),
            pytest.param("https://*.replicate.delivery/out.png", id="the pattern itself"),
            pytest.param("https://.replicate.delivery/out.png", id="an empty label"),
            pytest.param("https://a..replicate.delivery/out.png", id="an empty label between"),
            pytest.param("https://replicate.delivery:80/out.png", id="another port"),
            pytest.param("https://replicate.delivery:8123/out.png", id="another's port"),
            pytest.param("https://replicate.delivery:port/out.png", id="a port that is none"),
            pytest.param("https://replicate.delivery:99999/out.png", id="a port that cannot be"),
            pytest.param("https://replicate.delivery:443:443/out.png", id="two ports"),
            pytest.param("http://replicate.delivery/out.png", id="without TLS"),
            pytest.param("ftp://replicate.delivery/out.png", id="another scheme"),
            pytest.param("file://replicate.delivery/etc/passwd", id="a file"),
            pytest.param("gopher://127.0.0.1:8123/out.png", id="another scheme at an origin"),
            pytest.param("https://127.0.0.1:8123/out.png", id="an origin with TLS"),
            pytest.param("http://127.0.0.1/out.png", id="an origin without its port"),
            pytest.param("http://127.0.0.1:81230/out.png", id="an origin with a digit more"),
            pytest.param("http://127.0.0.1:8123@evil.com/out.png", id="an origin as a user"),
            pytest.param("http://127.0.0.1:8123.evil.com/out.png", id="an origin as a prefix"),
            pytest.param("http://127.0.0.1:8123\\@evil.com/out.png", id="an origin and a backslash"),
            pytest.param("http://169.254.169.254/latest/meta-data", id="the metadata service"),
            pytest.param("https://[::1]/out.png", id="an IPv6 address"),
            pytest.param("https://[replicate.delivery]/out.png", id="brackets"),
            pytest.param("https://[::1/out.png", id="half a bracket"),
            pytest.param("//replicate.delivery/out.png", id="no scheme"),
            pytest.param("replicate.delivery/out.png", id="no scheme, no slashes"),
            pytest.param("https:/replicate.delivery/out.png", id="one slash"),
            pytest.param("https:///out.png", id="no host"),
            pytest.param("https://", id="nothing behind the scheme"),
            pytest.param("", id="nothing"),
        ],
    )
    def test_refused(self, url: str) -> None:
        assert not HOSTS.allows(url)

    @pytest.mark.parametrize(
        ("url", "names"),
        [
            pytest.param("http://127.0.0.1:8123/out.png", True, id="an origin"),
            pytest.param("HTTP://127.0.0.1:8123/out.png", True, id="an origin in upper case"),
            pytest.param("https://files.test:8443/out.png", True, id="an origin with TLS"),
            pytest.param("https://files.test/out.png", False, id="its host alone"),
            pytest.param("https://127.0.0.1:8123/out.png", False, id="with another scheme"),
            pytest.param("http://127.0.0.1:8124/out.png", False, id="with another port"),
            pytest.param("http://127.0.0.1:8123@evil.com/out.png", False, id="as a user"),
            pytest.param("https://replicate.delivery/out.png", False, id="a host"),
            pytest.param("https://a.replicate.delivery/out.png", False, id="a sub-domain"),
            pytest.param("https://example.com/out.png", False, id="neither"),
            pytest.param("", False, id="nothing"),
        ],
    )
    def test_only_whole_origins_are_named_wherever_they_are(self, url: str, names: bool) -> None:  # noqa: FBT001 (a table's row)
        """A name may come to mean a machine inside; an origin was written down as what it is."""
        assert HOSTS.names_origin(url) is names

    @pytest.mark.parametrize(
        ("pattern", "url"),
        [
            pytest.param("https://files.test", "https://files.test/x", id="no port"),
            pytest.param("https://files.test", "https://files.test:/x", id="an empty port"),
            pytest.param("HTTPS://Files.Test/", "https://files.test/x", id="upper case and a slash"),
        ],
    )
    def test_an_origin_without_a_port(self, pattern: str, url: str) -> None:
        assert Hosts((pattern,)).names_origin(url)

    def test_a_host_is_not_its_sub_domains(self) -> None:
        hosts = Hosts(("replicate.delivery",))

        assert hosts.allows("https://replicate.delivery/x")
        assert not hosts.allows("https://a.replicate.delivery/x")

    def test_a_wildcard_is_not_the_host_itself(self) -> None:
        hosts = Hosts(("*.replicate.delivery",))

        assert hosts.allows("https://a.replicate.delivery/x")
        assert not hosts.allows("https://replicate.delivery/x")

    @pytest.mark.parametrize(
        "pattern", ["Replicate.Delivery", "HTTPS://Replicate.Delivery", "https://replicate.delivery/"]
    )
    def test_a_pattern_may_be_spelled_freely(self, pattern: str) -> None:
        assert Hosts((pattern,)).allows("https://replicate.delivery/x")

    @pytest.mark.parametrize("pattern", ["replicate.delivery", "http://127.0.0.1:8123"])
    def test_patterns_may_come_from_a_generator(self, pattern: str) -> None:
        url = pattern if "://" in pattern else f"https://{pattern}"

        assert Hosts(pattern for _ in range(1)).allows(f"{url}/x")

    def test_nothing_is_allowed_by_nothing(self) -> None:
        assert not Hosts(()).allows(FILE)

    @pytest.mark.parametrize("scheme", ["https:", "http:"])
    def test_what_is_fetched_is_what_was_checked(self, scheme: str) -> None:
        """Two parsers read a URL: ours, and the one of the library that fetches it."""
        fetched = set()
        for pieces in chain.from_iterable(product(PIECES, repeat=length) for length in range(1, 5)):
            url = f"{scheme}//{''.join(pieces)}/out.png"
            if HOSTS.allows(url):
                with suppress(requests.exceptions.InvalidURL):
                    fetched.add(urlsplit(requests.Request("GET", url).prepare().url or "").hostname or "")

        assert fetched
        assert all(re.fullmatch(r"(.+\.)?replicate\.delivery|127\.0\.0\.1", host) for host in fetched)


class TestFind:
    @pytest.mark.parametrize(
        ("output", "found"),
        [
            pytest.param(None, [], id="null"),
            pytest.param([], [], id="nothing"),
            pytest.param({}, [], id="an empty object"),
            pytest.param("", [], id="empty text"),
            pytest.param(42, [], id="a number"),
            pytest.param(True, [], id="a boolean"),
            pytest.param("a corgi on a sofa", [], id="text"),
            pytest.param(["\n\n", "Fuzzy", ", gentle"], [], id="a list of text"),
            pytest.param(FILE, [("", FILE)], id="one URL"),
            pytest.param([FILE, OTHER], [("/0", FILE), ("/1", OTHER)], id="a list of URLs"),
            pytest.param([FILE, FILE], [("/0", FILE), ("/1", FILE)], id="one URL twice"),
            pytest.param([None, FILE, "text"], [("/1", FILE)], id="a mixed list"),
            pytest.param([[FILE], [[OTHER]]], [("/0/0", FILE), ("/1/0/0", OTHER)], id="lists of lists"),
            pytest.param(
                {"image": FILE, "masks": [{"url": OTHER, "score": 0.5}]},
                [("/image", FILE), ("/masks/0/url", OTHER)],
                id="nested objects",
            ),
            pytest.param({"a/b": FILE, "m~n": OTHER}, [("/a~1b", FILE), ("/m~0n", OTHER)], id="signs in names"),
            pytest.param({"~1": FILE, "/": OTHER}, [("/~01", FILE), ("/~1", OTHER)], id="escapes as names"),
            pytest.param({"": FILE}, [("/", FILE)], id="an empty name"),
            pytest.param({FILE: 1}, [], id="a URL as a name"),
            pytest.param(PNG, [("", PNG)], id="a data URL"),
            pytest.param({"a": [PNG]}, [("/a/0", PNG)], id="a nested data URL"),
            pytest.param("data:;base64,AAAA", [("", "data:;base64,AAAA")], id="a data URL of no type"),
            pytest.param(
                "data:text/plain;charset=utf-8;base64,QQ==",
                [("", "data:text/plain;charset=utf-8;base64,QQ==")],
                id="a data URL with parameters",
            ),
            pytest.param(
                "data:audio/vnd.wave;base64,QUJD\nREVG\n",
                [("", "data:audio/vnd.wave;base64,QUJD\nREVG\n")],
                id="a data URL in lines",
            ),
            pytest.param("data:text/plain,hello", [], id="a data URL in plain text"),
            pytest.param("a data:image/png;base64,AAAA", [], id="a data URL in a sentence"),
            pytest.param("data:image/png;base64,AA!A", [], id="a data URL that is none"),
            pytest.param(f"See {FILE}", [], id="a URL in a sentence"),
            pytest.param(f"{FILE} is it", [], id="a sentence after a URL"),
            pytest.param(f"{FILE}\n", [], id="a line break after a URL"),
            pytest.param(f" {FILE}", [], id="a space before a URL"),
            pytest.param(f"{FILE}\u2028{OTHER}", [], id="two URLs in two lines"),
            pytest.param(ELSEWHERE, [], id="a URL elsewhere"),
            pytest.param([ELSEWHERE, FILE], [("/1", FILE)], id="a URL elsewhere beside a file"),
            pytest.param("https://evil.com\\.replicate.delivery/x", [], id="a look-alike"),
        ],
    )
    def test_files_of_an_output(self, output: Any, found: list[tuple[str, str]]) -> None:
        assert find(output, HOSTS) == tuple(Artifact(pointer, url) for pointer, url in found)

    @given(JSON)
    def test_any_output_is_answered(self, output: Any) -> None:
        assert all(file.url.startswith(("https:", "http:", "data:")) for file in find(output, HOSTS))

    @pytest.mark.timeout(2)
    def test_a_broken_data_url_takes_no_time(self) -> None:
        """A model writes what it likes: a text must not hold a function until its end."""
        assert find("data:image/png;base64,A" + " " * 50_000 + "!", HOSTS) == ()

    def test_a_large_data_url_costs_little_memory(self) -> None:
        """An expression with a repeated group once took thirty times the size of the text."""
        code = (
            "import resource; from lumeo.artifacts import Hosts, find; peak = lambda: resource.getrusage(0).ru_maxrss\n"
            "text = 'data:image/png;base64,' + 'A' * (8 * 1024**2); before = peak()\n"
            "assert find(text, Hosts(())); print((peak() - before) // 1024)"
        )
        ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

        assert int(ended.stdout) < 64

    def test_deep_outputs_are_answered(self) -> None:
        """As deep as the parser lets through."""
        output = json.loads("[" * 900 + f'"{FILE}"' + "]" * 900)

        found = find(output, HOSTS)

        assert found == (Artifact("/0" * 900, FILE),)
        assert replace(output, {found[0].pointer: None}) == json.loads("[" * 900 + "null" + "]" * 900)

    @pytest.mark.usefixtures("cloud")
    @pytest.mark.parametrize("payload", ["A", "AB=", "ABC", "ABCD=", "AAAAA", "= ", "AB CD E", "AB==\n", "A A A A"])
    def test_broken_base64_crashes_nothing(self, payload: str) -> None:
        """Either no file at all, or one that is copied or cannot be: a crash would repeat for ever."""
        for file in find(f"data:text/plain;base64,{payload}", HOSTS):
            with suppress(CopyError):
                assert (
                    outputs.copy(file, Download(file.url, HOSTS), Destination("outputs/x/0", "x-0"), 60).key
                    == "outputs/x/0.txt"
                )


class TestReplace:
    @pytest.mark.parametrize(
        ("output", "by_pointer", "expected"),
        [
            pytest.param(FILE, {"": None}, None, id="the whole"),
            pytest.param([FILE, OTHER], {"/1": "x"}, [FILE, "x"], id="one of a list"),
            pytest.param(
                {"a/b": FILE, "m~n": FILE}, {"/a~1b": 1, "/m~0n": 2}, {"a/b": 1, "m~n": 2}, id="escaped names"
            ),
            pytest.param({"": FILE}, {"/": "x"}, {"": "x"}, id="an empty name"),
            pytest.param({"0": FILE, "1": [FILE]}, {"/1/0": "x"}, {"0": FILE, "1": ["x"]}, id="digits as names"),
            pytest.param({"a": {"b": [FILE]}}, {"/a/b/0": "x"}, {"a": {"b": ["x"]}}, id="deep"),
            pytest.param([FILE, "text"], {}, [FILE, "text"], id="nothing"),
            pytest.param([FILE] * 11, {"/10": "x"}, [FILE] * 10 + ["x"], id="a place of two digits"),
        ],
    )
    def test_other_values_at_pointers(self, output: Any, by_pointer: dict[str, Any], expected: Any) -> None:
        assert replace(output, by_pointer) == expected

    def test_the_output_itself_stays(self) -> None:
        output = {"files": [FILE]}

        replace(output, {"/files/0": None})

        assert output == {"files": [FILE]}

    @given(JSON.map(lambda value: {"a/~b": [value, FILE, {"": OTHER}], "~1": PNG, "value": value}))
    def test_is_the_inverse_of_find(self, output: Any) -> None:
        """As finalize takes the URLs out, reading puts others in: to the same places, and to no others."""
        files = find(output, HOSTS)

        emptied = replace(output, {file.pointer: None for file in files})

        assert {FILE, OTHER, PNG} <= {file.url for file in files}
        assert find(emptied, HOSTS) == ()
        assert replace(emptied, {file.pointer: file.url for file in files}) == output
