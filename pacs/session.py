"""The HTTP session that all requests to a PACS go through: who asks, and how much an answer may hold."""

from collections.abc import Iterator
from typing import Any

from requests import PreparedRequest, Response, Session
from requests.auth import AuthBase, HTTPBasicAuth

from .errors import TooLong
from .settings import PacsSettings

MAX_ANSWER = 256_000_000
"""Bytes: the largest radiographs of today have some 40 MB."""

_CHUNK = 1_000_000


def make_session(settings: PacsSettings) -> Session:
    """A session with these credentials.

    Certificates are verified, by the authorities that ``REQUESTS_CA_BUNDLE`` names where it is set. A redirection is not followed:
    it would turn a store into a search, and might lead away with the credentials.
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
    """A header would not do: a .netrc of the user's would replace it."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _bound(response: Response, *_: Any, **__: Any) -> None:
    response.raw = _Bounded(response.raw)


class _Bounded:
    """A body that is given up once it is longer than `MAX_ANSWER`."""

    def __init__(self, raw: Any) -> None:
        self._raw = raw

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)

    def stream(self, amount: int, decode_content: bool | None = None) -> Iterator[bytes]:
        """The body, piece by piece, after any compression is undone.

        Raises:
            TooLong: it is longer than that.
        """
        taken = 0
        for chunk in self._raw.stream(min(amount, _CHUNK), decode_content=decode_content):
            taken += len(chunk)
            if taken > MAX_ANSWER:
                self._raw.close()
                raise TooLong(f"more than {MAX_ANSWER // 1_000_000} MB")
            yield chunk
