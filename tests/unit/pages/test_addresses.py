"""What limits count an address as."""

from types import SimpleNamespace
from typing import Any

import pytest

from miniapp_api.auth import address_of


def counted(address: str, *, proxied: bool = False) -> str:
    """What a request from an address is counted by."""
    request: Any = SimpleNamespace(remote_addr=address if proxied else "", ip="192.0.2.9" if proxied else address)
    return address_of(request)


@pytest.mark.parametrize("proxied", [False, True])
def test_a_line_counts_once_however_many_addresses_of_ipv6_it_has(*, proxied: bool) -> None:
    """All of its network do, written in whatever way, and nobody else's does."""
    one = counted("2001:db8:0:1::1", proxied=proxied)
    assert one == counted("2001:DB8:0:1:ffff:ffff:ffff:ffff", proxied=proxied)
    assert one != counted("2001:db8:0:2::1", proxied=proxied)


def test_each_address_of_ipv4_counts_by_itself() -> None:
    """Also as a socket for both writes it; what is no address is what it says."""
    assert counted("192.0.2.1") == counted("::ffff:192.0.2.1") == "192.0.2.1"
    assert counted("192.0.2.1") != counted("192.0.2.2")
    assert counted("_hidden", proxied=True) == "_hidden"
    assert counted("fe80::1%eth0") == counted("fe80::2")
