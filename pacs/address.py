"""Network addresses and AE titles, as users write them."""

from __future__ import annotations

import re
from typing import NamedTuple

_AE_TITLE = re.compile(r"[!-\[\]-~](?:[ -\[\]-~]{0,14}[!-\[\]-~])?")
"""1 to 16 printable ASCII characters but the backslash, no space at either end (PS3.5 6.2)."""


class Address(NamedTuple):
    """A TCP address."""

    host: str
    port: int


class Peer(NamedTuple):
    """An application entity."""

    ae_title: str
    address: Address


def parse_address(given: str, *, host: str | None = None) -> Address:
    """Parse ``HOST:PORT``, or ``PORT`` if ``host`` is given; IPv6 addresses stand in brackets.

    Args:
        given: The text.
        host: The host of a port alone; None: a host must be given.

    Raises:
        ValueError: It is not one; the message says what to give.
    """
    name, _, port = given.rpartition(":")
    name = name.removeprefix("[").removesuffix("]") or host or ""
    if not name or not port.isdecimal() or not 0 < int(port) < 65536:
        form = "HOST:PORT" if host is None else "PORT or HOST:PORT"
        raise ValueError(f"give {form}, such as {'pacs:' if host is None else ''}11112.")
    return Address(name, int(port))


def parse_peer(given: str) -> Peer:
    """Parse ``AE@HOST:PORT``.

    Raises:
        ValueError: It is not one; the message says what to give.
    """
    title, _, address = given.partition("@")
    try:
        return Peer(parse_ae_title(title), parse_address(address))
    except ValueError:
        raise ValueError("give AE@HOST:PORT, such as ORTHANC@orthanc:4242.") from None


def parse_ae_title(given: str) -> str:
    """Return a valid AE title.

    Raises:
        ValueError: It is not valid; the message says what to give.
    """
    if not _AE_TITLE.fullmatch(given.strip()):
        raise ValueError("give an AE title of 1 to 16 ASCII characters without a backslash.")
    return given.strip()
