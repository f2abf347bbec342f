import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from regie_fetcher.cookies import (
    Cookie,
    cookies_for,
    merged,
    parse_cookies,
    site_of,
    summarise,
    to_jar,
    to_netscape,
)
from regie_fetcher.errors import CookieFormat

GOOD = "\n".join(  # noqa: FLY002 - one line a cookie
    [
        "# Netscape HTTP Cookie File",
        "",
        ".example.com\tTRUE\t/\tTRUE\t1900000000\tsid\ts3cret",
        "#HttpOnly_www.example.com\tFALSE\t/a\tFALSE\t0\tauth\tv=1",
        "# a comment",
    ]
)
SID = Cookie(domain="example.com", has_subdomains=True, is_secure=True, expires=1900000000, name="sid", value="s3cret")
AUTH = Cookie(domain="www.example.com", path="/a", name="auth", value="v=1", is_http_only=True)


@pytest.mark.parametrize("text", [GOOD, GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD])
def test_netscape_text_is_read_with_http_only_lines(text: str) -> None:
    assert parse_cookies(text) == [SID, AUTH]
    assert to_netscape([SID, AUTH]).splitlines()[1:] == [GOOD.splitlines()[2], GOOD.splitlines()[3]]


def test_json_of_browser_extensions_is_read() -> None:
    entries = [
        {
            "domain": ".example.com",
            "hostOnly": False,
            "path": "/",
            "secure": True,
            "expirationDate": 1900000000.25,
            "name": "sid",
            "value": "s3cret",
        },
        {"domain": "www.example.com", "hostOnly": True, "path": "/a", "httpOnly": True, "name": "auth", "value": "v=1"},
    ]
    assert parse_cookies(json.dumps(entries)) == [SID, AUTH]
    assert parse_cookies(json.dumps({"cookies": entries})) == [SID, AUTH]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no cookie"),
        ("# only a comment", "no cookie"),
        (".e.com TRUE / TRUE 0 sid s3cret", "Line 1 has 1 fields.*tabs made into spaces"),
        ("\n.e.com\tTRUE\t/\tTRUE\t0\ts3cret", "Line 2 has 6 fields"),
        (".e.com\tyes\t/\tTRUE\t0\tsid\ts3cret", "Line 1: the second and fourth"),
        (".e.com\tTRUE\t/\tTRUE\tsoon\tsid\ts3cret", "Line 1: the expiry"),
        (".e.com\tTRUE\t/\tTRUE\tnan\tsid\ts3cret", "Line 1: the expiry"),
        (".\tTRUE\t/\tTRUE\t0\tsid\ts3cret", "Line 1: its domain"),
        (".e.com\tTRUE\tx\tTRUE\t0\tsid\ts3cret", "Line 1: its domain or path"),
        (".e.com\tTRUE\t/\tTRUE\t0\tsid\ts3\x01cret", "Line 1: its value holds a control"),
        ('[{"name": "s3cret"', "looks like JSON"),
        ('{"name": "s3cret"}', "no list"),
        ('[{"name": "s3cret"}]', "Cookie 1 lacks"),
        ('["s3cret"]', "Cookie 1 lacks"),
        ("[" * 99999, "looks like JSON"),
        ("x" * 5_000_000, "too long"),
        ("e.com\tFALSE\t/\tTRUE\t0\tsid\ts3cret\n" * 5001, "5001 cookies"),
    ],
    ids=range(17),
)
def test_an_error_names_the_place_and_never_the_value(text: str, complaint: str) -> None:
    with pytest.raises(CookieFormat, match=complaint) as caught:
        parse_cookies(text)
    assert "s3" not in str(caught.value)


def test_a_cookie_does_not_show_its_value() -> None:
    assert "s3cret" not in repr(SID)
    assert "s3cret" not in str([SID])


@pytest.mark.parametrize(
    ("host", "site"),
    [
        ("www.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("co.uk", "co.uk"),
        ("ann.github.io", "ann.github.io"),
        ("127.0.0.1", "127.0.0.1"),
        ("nas", "nas"),
        ("::1", "::1"),
        ("Example.COM.", "example.com"),
        ("", ""),
    ],
)
def test_a_site_is_its_registrable_domain(host: str, site: str) -> None:
    assert site_of(host) == site


def test_a_job_sees_the_cookies_of_its_site_only() -> None:
    other = Cookie(domain="example.org", name="a", value="b")
    suffix = Cookie(domain="com", has_subdomains=True, name="a", value="b")
    old = Cookie(domain="example.com", name="old", value="b", expires=5)
    jar = [SID, AUTH, other, suffix, old]
    assert cookies_for(jar, "https://m.example.com/watch", now=1000) == [SID, AUTH]
    assert cookies_for(jar, "https://evil-example.com/", now=1000) == []


def test_what_a_site_set_replaces_what_we_had_and_http_only_survives() -> None:
    fresh = Cookie(domain="www.example.com", path="/a", name="auth", value="v=2")
    (kept, replaced) = merged([SID, AUTH], [fresh])
    assert kept == SID
    assert (replaced.value, replaced.is_http_only) == ("v=2", True)


async def test_the_direct_paths_jar_gives_each_host_its_own() -> None:
    jar = to_jar([SID, AUTH])
    assert set(jar.filter_cookies(URL("https://www.example.com/a/b"))) == {"sid", "auth"}
    assert set(jar.filter_cookies(URL("https://www.example.com/b"))) == {"sid"}
    assert set(jar.filter_cookies(URL("http://x.example.com/a"))) == set()
    assert set(jar.filter_cookies(URL("https://example.org/a"))) == set()


def test_a_jar_is_shown_by_site_and_count() -> None:
    (shown,) = summarise([SID, AUTH])
    assert (shown.site, shown.count, shown.first_expiry) == ("example.com", 2, 1900000000)


fields = st.text(st.characters(min_codepoint=33, exclude_characters="\x7f", exclude_categories=["Cs"]), max_size=12)
cookies = st.builds(
    Cookie,
    domain=st.from_regex(r"[a-z]{1,5}(\.[a-z]{1,5}){0,2}", fullmatch=True),
    path=fields.map(lambda text: f"/{text}"),
    name=fields,
    value=fields,
    expires=st.integers(0, 2**33),
    is_secure=st.booleans(),
    is_http_only=st.booleans(),
    has_subdomains=st.booleans(),
)


@given(st.lists(cookies, min_size=1, max_size=6))
def test_what_is_written_is_read_back(jar: list[Cookie]) -> None:
    assert parse_cookies(to_netscape(jar)) == jar


@given(st.text(max_size=200) | st.text(alphabet='\t\n.aTRUEFALSE/0#[]{}",:', max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(CookieFormat):
        assert parse_cookies(text)


async def test_a_value_goes_out_as_the_browser_had_it() -> None:
    value = '{"a":1},b c'
    sent = to_jar([Cookie(domain="example.org", name="odd", value=value)]).filter_cookies(URL("https://example.org/"))
    assert sent["odd"].OutputString() == f"odd={value}"
