"""The address of the service, and the options of both HTTP clients."""

from importlib.metadata import version
from typing import Any

import httpx

from .errors import InvalidArgument

_CONNECT_S = 10.0


def client_options(url: str, *, api_key: str | None, timeout: float) -> dict[str, Any]:
    """Return keyword arguments for ``httpx.Client`` and ``httpx.AsyncClient``.

    Args:
        url: Address of the service: ``http://host:port``.
        api_key: API key; None sends none.
        timeout: Seconds for each read and write; at most 10 to connect.

    Raises:
        InvalidArgument: The address is invalid, or the key cannot be sent.
    """
    try:
        base = httpx.URL(url)
    except httpx.InvalidURL:
        base = httpx.URL()
    if base.scheme not in ("http", "https") or not base.host or base.query:
        raise InvalidArgument(f"Give the address of the service as http://host:port, not {url!r}.")
    headers = {"User-Agent": f"pleura-client/{version('pleura-client')}"}
    if api_key is not None:
        # The message must not contain the key.
        if not api_key or not all("!" <= character <= "~" for character in api_key):
            raise InvalidArgument("Give the key as plain characters, without spaces or line ends.")
        headers["Authorization"] = f"Bearer {api_key}"
    return {
        "base_url": base,
        "headers": headers,
        "timeout": httpx.Timeout(timeout, connect=min(timeout, _CONNECT_S)),
    }
