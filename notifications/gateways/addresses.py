"""Where a gateway may be: the hosts of the environment, and none that lies inside our own walls.

A name is looked up for each attempt, what it points to is checked, and the connection goes to the
very address that was checked: a name that points elsewhere a moment later changes nothing.
"""

from __future__ import annotations

import ipaddress
import socket
import threading

from .answers import Blocked, Temporary
from .bounded import Deadline

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NAT64 = ipaddress.ip_network("64:ff9b::/96")
#: Names that only this machine or this network knows.
INWARD_NAMES = ("localhost", "local", "internal", "lan", "home", "intranet")


def looks_inward(host: str) -> bool:
    """Whether a host of a URL is, as it stands there, one of this machine or network."""
    try:
        return not is_public(ipaddress.ip_address(host))
    except ValueError:
        pass
    labels = host.rstrip(".").lower().split(".")
    # Without a dot it is a name of the local network; all digits (or 0x…) would be read by some
    # resolvers as an address: 2130706433 is 127.0.0.1.
    numeric = all(label.isdigit() or label.startswith("0x") for label in labels)
    return len(labels) < 2 or numeric or labels[-1] in INWARD_NAMES


def is_public(address: Address) -> bool:
    """Also looks into IPv6 addresses that stand for an IPv4 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
    return address.is_global and not address.is_multicast


def connect(host: str, port: int, *, private: bool, deadline: Deadline) -> socket.socket:
    """A connection to `host`; `private` (settings.GATEWAY_PRIVATE_HOSTS): it may lie inside.

    Raises Temporary (unknown name, unreachable), Blocked (the name points inside).
    """
    found = look_up(host, port, deadline)
    allowed = [entry for entry in found if private or is_public(_address(entry))]
    if not allowed:
        raise Blocked("address_refused")
    for family, kind, proto, _, address in allowed:
        sock = socket.socket(family, kind, proto)
        sock.settimeout(deadline.remaining())
        try:
            sock.connect(address)
        except OSError:
            sock.close()
        else:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return sock
    raise Temporary("unreachable")


Found = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[object, ...]]


def look_up(host: str, port: int, deadline: Deadline) -> list[Found]:
    """What a name stands for; raises Temporary.

    The resolver has no time-out that we could set, so it runs beside us and is left behind.
    """
    answer: list[list[Found]] = []

    def ask() -> None:
        try:
            answer.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))  # type: ignore[arg-type]
        except (OSError, UnicodeError):
            answer.append([])

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if not answer or not answer[0]:
        raise Temporary("name_unknown")
    return answer[0]


def _address(entry: Found) -> Address:
    return ipaddress.ip_address(str(entry[4][0]).partition("%")[0])
