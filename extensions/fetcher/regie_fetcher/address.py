"""Which addresses may be dialled: only public ones, unless the owner allows more."""

import asyncio
import ipaddress
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from yarl import URL

from .errors import AddressRefused, TransferFailed

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve = Callable[[str], Awaitable[list[str]]]

SCHEMES = frozenset({"http", "https"})

# The WHATWG fetch standard's "bad ports", and the databases and daemons that speak plain text.
BLOCKED_PORTS = frozenset(
    {0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102, 103, 104, 109}
    | {110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465, 512, 513, 514, 515, 526, 530}
    | {531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190}
    | {5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080}
    | {2375, 2376, 3306, 5432, 6379, 9200, 11211, 27017}
)

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_DOCUMENTATION = ipaddress.IPv6Network("3fff::/20")  # RFC 9637, younger than some Pythons
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})

# What inet_aton takes for an address: `127.1`, `2130706433`, `0x7f.1`, `0177.0.0.1`.
_NUMERIC = re.compile(r"(?:0x[0-9a-f]*|\d+)(?:\.(?:0x[0-9a-f]*|\d+)){0,3}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class AllowList:
    """Networks and host names that the owner lets through although they are inner."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """Read entries such as `192.168.1.0/24`, `10.0.0.5` and `nas.lan`."""
        networks: list[Network] = []
        hosts: set[str] = set()
        for entry in entries:
            try:
                networks.append(ipaddress.ip_network(entry.strip(), strict=False))
            except ValueError:
                if not re.fullmatch(r"[\w.-]+", entry.strip()) or _NUMERIC.fullmatch(entry.strip()):
                    raise ValueError(f"{entry!r} is neither a network nor a host name") from None
                hosts.add(_canonical_host(entry))
        return cls(tuple(networks), frozenset(hosts))

    def holds(self, address: Address) -> bool:
        """Whether a network of the list contains the address."""
        return any(address in network for network in self.networks if network.version == address.version)


def is_public(address: Address) -> bool:
    """Whether the address, and any IPv4 address inside it, is on the public internet."""
    if isinstance(address, ipaddress.IPv4Address):
        return address.is_global and not address.is_multicast
    if address.scope_id is not None or address.is_multicast:
        return False
    inner = list(_embedded(address))
    if address not in _GLOBAL_UNICAST and not inner:
        return False
    if address in _GLOBAL_UNICAST and (not address.is_global or address in _DOCUMENTATION):
        return False
    return all(is_public(each) for each in inner)


def _embedded(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    number = int(address)
    if address.ipv4_mapped is not None:
        yield address.ipv4_mapped
    elif address in _NAT64 or address in _TRANSLATED or address in _COMPATIBLE:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)
    elif address.sixtofour is not None:
        yield address.sixtofour
    elif address.teredo is not None:
        yield from address.teredo
    if (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)


async def system_resolve(host: str) -> list[str]:
    """All addresses that the system's resolver knows for a host, in its order."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise TransferFailed(f"{host} cannot be resolved: {error}") from error
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Judge:
    """Decides about each address before it is dialled; who dials asks here and nowhere else."""

    def __init__(self, allow: AllowList | None = None, resolve: Resolve = system_resolve) -> None:
        self._allow = allow or AllowList()
        self._resolve = resolve
        self._vouched: set[tuple[Address, int]] = set()

    def url(self, url: str | URL) -> URL:
        """The address in canonical form; refuses other schemes, blocked ports and inner literals."""
        try:
            parsed = URL(url)
            port = parsed.port
        except ValueError as error:
            raise AddressRefused(f"This is not an address: {error}") from error
        if parsed.scheme not in SCHEMES or not parsed.host or port is None:
            raise AddressRefused(f"Only http and https addresses are fetched, not {parsed.scheme or 'this'}")
        self._check_port(port)
        literal = _literal(parsed.host)
        if literal is not None:
            self._check(literal, parsed.host)
        return parsed

    async def addresses(self, host: str, port: int) -> list[str]:
        """The addresses to dial for a host; refuses the host when any of them is inner."""
        self._check_port(port)
        literal = _literal(host)
        if literal is not None:
            self._check(literal, host)
            return [str(literal)]
        found = [(text, _parse(text)) for text in await self._resolve(host)]
        if not found:
            raise TransferFailed(f"{host} has no address")
        if _canonical_host(host) in self._allow.hosts:
            self._vouched.update((address, port) for _, address in found)
        else:
            for _, address in found:
                self._check(address, host)
        return [text for text, _ in found]

    def check_socket(self, host: str, port: int) -> None:
        """Refuse a numeric address that is about to be dialled, unless an allowed host led to it."""
        self._check_port(port)
        address = _parse(host)
        if (address, port) not in self._vouched:
            self._check(address, host)

    def _check_port(self, port: int) -> None:
        if port in BLOCKED_PORTS or not 0 < port < 65536:
            raise AddressRefused(f"Port {port} belongs to another protocol")

    def _check(self, address: Address, host: str) -> None:
        mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
        plain = mapped or address
        if is_public(plain) or self._allow.holds(plain):
            return
        raise AddressRefused(f"{host} leads to an inner address; the owner can allow it in the settings")


def _literal(host: str) -> Address | None:
    text = _canonical_host(host).strip("[]")
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    if not _NUMERIC.fullmatch(text):
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(text))
    except OSError as error:
        raise AddressRefused(f"{host} is not an address") from error


def _parse(text: str) -> Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise AddressRefused(f"{text} is not an address") from error


def _canonical_host(host: str) -> str:
    return host.strip().rstrip(".").lower()
