"""The HTTP session for all requests to a PACS: credentials and the size limit of responses."""

from collections.abc import Iterator
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.auth import AuthBase, HTTPBasicAuth

from .errors import TooLong
from .settings import PacsSettings

MAX_ANSWER = 256_000_000
"""Bytes; the largest radiographs have about 40 MB."""

_CHUNK = 1_000_000


def make_session(settings: PacsSettings) -> Session:
    """Make a session with these credentials.

    Certificates are verified, with the authorities in ``REQUESTS_CA_BUNDLE`` if it is set. Redirections
    are not followed: requests would turn a POST into a GET, and could send the credentials to another
    host.
    """
    session = Session()
    session.max_redirects = 0
    session.hooks["response"].append(_bound)
    if settings.user is not None and settings.password is not None:
        session.auth = HTTPBasicAuth(settings.user.encode(), settings.password.get_secret_value().encode())
    elif settings.token is not None:
        session.auth = _Bearer(settings.token.get_secret_value())
    return session


class _Bearer(AuthBase):
    """Bearer authentication; requests would replace a plain header with the user's .netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _bound(response: Response, *_: Any, **__: Any) -> None:
    response.raw = _Bounded(response.raw)


class _Bounded:
    """A response body that raises `TooLong` beyond `MAX_ANSWER` bytes."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """Yield the body in chunks, decompressed.

        Raises:
            TooLong: The body exceeds `MAX_ANSWER`.
        """
        taken = 0
        for chunk in self._raw.stream(min(amount, _CHUNK), decode_content=decode_content):
            taken += len(chunk)
            if taken > MAX_ANSWER:
                self._raw.close()
                raise TooLong(f"more than {MAX_ANSWER // 1_000_000} MB")
            yield chunk
