import contextlib
import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regie_fetcher.address import AllowList, Judge, is_public
from regie_fetcher.errors import AddressRefused, FetcherError, TransferFailed

INNER_LITERALS = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "127.0.0.1.",
    "0.0.0.0",  # noqa: S104 - a literal to refuse, not to bind
    "0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[::ffff:0:127.0.0.1]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[64:ff9b::10.0.0.1]",
    "[64:ff9b:1::7f00:1]",
    "[2002:7f00:1::]",
    "[2002:c0a8:101::1]",
    "[2001:0:7f00:1::]",
    "[2001:0:4136:e378:8000:63bf:80ff:fffe]",
    "[2a00:1450::5efe:10.0.0.1]",
    "[fe80::1]",
    "[fe80::1%25lo]",
    "[fc00::1]",
    "[fec0::1]",
    "[ff02::1]",
    "[2001:db8::1]",
    "[3fff::1]",
    "[5f00::1]",
]


@pytest.mark.parametrize("host", INNER_LITERALS)
def test_an_inner_literal_is_refused(host: str) -> None:
    with pytest.raises(AddressRefused):
        Judge().url(f"http://{host}/video.mp4")


@pytest.mark.parametrize("host", INNER_LITERALS)
async def test_an_inner_literal_is_refused_when_it_is_about_to_be_dialled(host: str) -> None:
    async def resolve(host: str) -> list[str]:
        raise AssertionError(f"{host} needs no resolver")

    with pytest.raises(AddressRefused):
        await Judge(resolve=resolve).addresses(host.strip("[]").replace("%25", "%"), 80)


@pytest.mark.parametrize("host", ["8.8.8.8", "134744072", "[2a00:1450::1]", "[::ffff:8.8.8.8]", "[64:ff9b::8.8.8.8]"])
def test_a_public_literal_passes(host: str) -> None:
    assert Judge().url(f"https://{host}/v").path == "/v"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://8.8.8.8/x",
        "file:///etc/passwd",
        "gopher://8.8.8.8/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "//8.8.8.8/x",
        "/x",
        "",
        "http://",
        "http://8.8.8.8:99999/",
        "http://[::1/",
        "http://999.1.1.1.1/x",
        "http://4294967296/x",
    ],
)
def test_what_is_no_web_address_is_refused(url: str) -> None:
    if url == "http://999.1.1.1.1/x":
        assert Judge().url(url).host == "999.1.1.1.1"  # a name, left to the resolver
        return
    with pytest.raises(AddressRefused):
        Judge().url(url)


@pytest.mark.parametrize("port", [0, 22, 25, 53, 110, 6000, 6379, 11211])
async def test_ports_of_other_protocols_are_refused_even_where_the_host_is_allowed(port: int) -> None:
    judge = Judge(AllowList.parse(["127.0.0.0/8"]))
    with pytest.raises(AddressRefused):
        judge.url(f"http://127.0.0.1:{port}/")
    with pytest.raises(AddressRefused):
        judge.check_socket("127.0.0.1", port)


async def test_a_name_is_refused_when_any_of_its_addresses_is_inner() -> None:
    async def resolve(host: str) -> list[str]:
        return {"half.example": ["8.8.8.8", "10.0.0.1"], "outer.example": ["8.8.8.8"]}.get(host, [])

    judge = Judge(resolve=resolve)
    assert await judge.addresses("outer.example", 443) == ["8.8.8.8"]
    with pytest.raises(AddressRefused, match=r"half\.example"):
        await judge.addresses("half.example", 443)
    with pytest.raises(TransferFailed, match="no address"):
        await judge.addresses("unknown.example", 443)


async def test_the_allow_list_opens_networks_and_hosts_and_nothing_beside_them() -> None:
    async def resolve(host: str) -> list[str]:
        return {"nas.lan": ["192.168.1.5"]}.get(host.rstrip("."), ["192.168.1.5"])

    judge = Judge(AllowList.parse(["10.0.0.0/24", "fd00::/8", "NAS.lan"]), resolve)
    assert judge.url("http://10.0.0.9/").host == "10.0.0.9"
    assert judge.url("http://[::ffff:10.0.0.9]/").path == "/"
    assert judge.url("http://[fd00::1]/").host == "fd00::1"
    with pytest.raises(AddressRefused):
        judge.url("http://10.0.1.9/")
    with pytest.raises(AddressRefused):
        await judge.addresses("other.lan", 80)
    assert await judge.addresses("nas.lan.", 80) == ["192.168.1.5"]
    judge.check_socket("192.168.1.5", 80)
    with pytest.raises(AddressRefused):
        judge.check_socket("192.168.1.5", 81)


@pytest.mark.parametrize("entry", ["", "a b", "http://x", "127.1", "10.0.0.0/40"])
def test_a_bad_entry_of_the_allow_list_is_named(entry: str) -> None:
    with pytest.raises(ValueError, match="neither"):
        AllowList.parse([entry])


async def test_the_systems_resolver_answers_for_localhost() -> None:
    with pytest.raises(AddressRefused):
        await Judge().addresses("localhost", 80)
    with pytest.raises(TransferFailed, match="cannot be resolved"):
        await Judge().addresses("a" * 300, 80)


@given(st.integers(0, 2**32 - 1))
def test_every_way_to_hide_an_inner_address_in_ipv6_is_seen_through(number: int) -> None:
    inner = ipaddress.IPv4Address(number)
    hidden = [
        (0xFFFF << 32) | number,
        (0xFFFF << 48) | number,
        (0x64FF9B << 96) | number,
        (0x2002 << 112) | (number << 80),
        (0x20010000 << 96) | (number << 64) | 0xFFFFFFFF ^ 0x08080808,
        (0x20010000 << 96) | (0x08080808 << 64) | (number ^ 0xFFFFFFFF),
        (0x2A001450 << 96) | (0x5EFE << 32) | number,
    ]
    if not is_public(inner):
        assert not any(is_public(ipaddress.IPv6Address(each)) for each in hidden)


@given(st.text(max_size=40))
def test_any_text_is_judged_without_another_error(text: str) -> None:
    for url in (text, f"http://{text}/", f"http://{text}"):
        with contextlib.suppress(FetcherError):
            assert Judge().url(url).scheme in {"http", "https"}


async def test_an_allowed_host_vouches_for_its_sockets_and_for_no_other_name() -> None:
    async def resolve(_: str) -> list[str]:
        return ["10.0.0.5"]

    judge = Judge(AllowList.parse(["nas.lan"]), resolve)
    assert await judge.addresses("nas.lan", 80) == ["10.0.0.5"]
    judge.check_socket("10.0.0.5", 80)
    for host in ("evil.example", "10.0.0.5"):
        with pytest.raises(AddressRefused):
            await judge.addresses(host, 80)
    with pytest.raises(AddressRefused):
        judge.url("http://10.0.0.5/")
