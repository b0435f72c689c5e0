"""URLs by one strict form: what it reads leads where it says, whoever connects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests import Request
from requests.exceptions import RequestException
from urllib3.util import parse_url

from lumeo import urls
from lumeo.urls import Url


@pytest.mark.parametrize(
    ("text", "url", "origin"),
    [
        ("https://a.example", Url("https", "a.example", 443), "https://a.example"),
        ("https://a.example/x?y#z", Url("https", "a.example", 443), "https://a.example"),
        ("https://a.example?y", Url("https", "a.example", 443), "https://a.example"),
        ("https://a.example#z", Url("https", "a.example", 443), "https://a.example"),
        ("HTTPS://A.Example:443/X", Url("https", "a.example", 443), "https://a.example"),
        ("https://a.example:/x", Url("https", "a.example", 443), "https://a.example"),
        ("https://a.example:8443/x", Url("https", "a.example", 8443), "https://a.example:8443"),
        ("http://a.example:443/", Url("http", "a.example", 443), "http://a.example:443"),
        ("http://127.0.0.1:1", Url("http", "127.0.0.1", 1), "http://127.0.0.1:1"),
        ("http://localhost:80/", Url("http", "localhost", 80), "http://localhost"),
        ("https://a.example:65535", Url("https", "a.example", 65_535), "https://a.example:65535"),
        ("https://a.example/https://b.example@c.example", Url("https", "a.example", 443), "https://a.example"),
        ("https://a.example/\\@b.example", Url("https", "a.example", 443), "https://a.example"),
    ],
)
def test_it_says_where_it_leads(text: str, url: Url, origin: str) -> None:
    assert urls.read(text) == url
    assert urls.origin(text) == origin


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("a.example", id="no scheme"),
        pytest.param("//a.example", id="no scheme before its slashes"),
        pytest.param("https:a.example", id="no slashes"),
        pytest.param("https:///a.example", id="three slashes"),
        pytest.param("ftp://a.example", id="another scheme"),
        pytest.param("https://", id="no host"),
        pytest.param("https://:443", id="a port alone"),
        pytest.param(" https://a.example", id="a space before it"),
        pytest.param("https://a.example ", id="a space behind its host"),
        pytest.param("https://a b.example", id="a space"),
        pytest.param("https://a.example\n", id="a line's end"),
        pytest.param("https://a\t.example", id="a tab"),
        pytest.param("https://u@a.example", id="a user"),
        pytest.param("https://u:p@a.example", id="a user with a password"),
        pytest.param("https://@a.example", id="no user before an @"),
        pytest.param("https://a.example\\@b.example", id="a backslash"),
        pytest.param("https://a.example\\.b.example", id="a backslash in the host"),
        pytest.param("https://a.example:x", id="no number as port"),
        pytest.param("https://a.example:-1", id="less than no port"),
        pytest.param("https://a.example:0", id="no port"),
        pytest.param("https://a.example:65536", id="a port too far"),
        pytest.param("https://a.example:99999", id="a port much too far"),
        pytest.param("https://a.example:1:2", id="two ports"),
        pytest.param("https://a.example:\u0661", id="digits of another script"),
        pytest.param("https://a.example.", id="a dot at the end"),
        pytest.param("https://.a.example", id="a dot at the beginning"),
        pytest.param("https://a..example", id="two dots"),
        pytest.param("https://.", id="a dot"),
        pytest.param("https://-a.example", id="a hyphen first"),
        pytest.param(f"https://{'a' * 64}.example", id="a label that is too long"),
        pytest.param("https://\u00e4.example", id="a letter that is none of ASCII"),
        pytest.param("https://\u212aelvin.example", id="a letter that becomes one in lower case"),
        pytest.param("https://\uff11\uff12\uff17.0.0.1", id="wide digits"),
        pytest.param("https://%61.example", id="an escaped letter"),
        pytest.param("https://[::1]/", id="IPv6"),
        pytest.param("https://[::ffff:127.0.0.1]/", id="IPv4 in IPv6"),
        pytest.param("https://[v1.x]/", id="another address"),
        pytest.param("data:text/html,x", id="data"),
    ],
)
def test_what_is_odd_is_none(text: str) -> None:
    assert urls.read(text) is None
    assert urls.origin(text) is None


NAMES = st.sampled_from(["a.example", "127.0.0.1", "0x7f.1", "[::1]", "user", "8080", "443", "xn--a", "_"])
SIGNS = st.sampled_from([":", "@", "\\", "/", "?", "#", ".", "%", "%2f", "%40", " ", "\t", "\u3002", "//", "https://"])


@given(
    st.sampled_from(["https://", "http://", "HTTPS://"]), st.lists(NAMES | SIGNS, max_size=6).map("".join) | st.text()
)
def test_what_connects_reads_the_same(scheme: str, text: str) -> None:
    """The check and the connection are made by two parsers: what they read differently would be a way around."""
    url = scheme + text
    found = urls.read(url)
    if found is None:
        return
    try:
        sent_to = parse_url(str(Request("POST", url).prepare().url))
    except (RequestException, ValueError):
        return  # it is not sent at all

    assert (sent_to.scheme, sent_to.host) == (found.scheme, found.host)
    assert (sent_to.port or {"https": 443, "http": 80}[found.scheme]) == found.port
