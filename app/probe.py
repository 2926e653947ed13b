"""The readiness check of ``pleura health``: it always ends in time, with one sentence on what is wrong."""

import http.client
import json
import socket
import ssl
from contextlib import closing
from threading import Thread
from urllib.parse import urlsplit

MAX_ANSWER = 65_536
"""The most bytes of an answer that are read."""


def unreadiness(url: str, *, timeout_s: float) -> str | None:
    """Return why the service at ``url`` is not ready, or None if it is.

    Args:
        url: The service's base URL.
        timeout_s: Seconds for the whole check, including the name lookup.
    """
    found: list[str | None] = []
    # A name lookup, or a server that sends one byte a second, ignores the socket timeout. The thread may
    # outlive it.
    asking = Thread(target=lambda: found.append(_ask(url, timeout_s=timeout_s)), daemon=True)
    asking.start()
    asking.join(timeout_s)
    return found[0] if found else f"{_shown(url)} did not answer within {timeout_s:g} s. Try again later."


def _ask(url: str, *, timeout_s: float) -> str | None:
    try:
        parts = urlsplit(url)
        host, port, secure = parts.hostname, parts.port, parts.scheme == "https"
    except ValueError:
        host = None
    if host is None or parts.scheme not in ("http", "https"):
        return f"{_shown(url)} is not an address: give one like http://127.0.0.1:8000."
    where = _shown(url)
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    try:
        with closing(kind(host, port, timeout=timeout_s)) as connection:
            connection.request("GET", f"{parts.path.rstrip('/')}/readyz")
            answer = json.loads(connection.getresponse().read(MAX_ANSWER))
    except ConnectionRefusedError:
        return f"Nothing answers at {where}: check the host and the port, and that the service runs."
    except TimeoutError:
        return f"{where} did not answer within {timeout_s:g} s: try again later."
    except ssl.SSLCertVerificationError as error:
        return f"The certificate of {where} is not trusted ({error.verify_message}): install its authority."
    except ssl.SSLError:
        return f"{where} does not speak TLS: ask it at http://."
    except (socket.gaierror, UnicodeError):
        return f"The host of {where} is not known: check its name."
    except (http.client.HTTPException, ValueError, RecursionError):
        return f"What answers at {where} is not Pleura: check the host and the port."
    except OSError as error:
        return f"{where} cannot be reached ({error.strerror or error}): check the host and the port."
    if not isinstance(answer, dict) or not {"status", "detail"} & set(answer):
        return f"What answers at {where} is not Pleura: check the host and the port."
    return None if answer.get("status") == "ready" else str(answer.get("detail", "It is not ready."))


def _shown(url: str) -> str:
    """Return a URL for messages: without the password that it may contain, and at most 200 characters."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        return repr(url[:200])
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"[:200]
