"""API keys: which are configured, and the dependency that checks them."""

from collections.abc import Awaitable, Callable
from hmac import compare_digest
from typing import Annotated

from fastapi import Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from .errors import WrongKey
from .settings import Settings


class SettingsError(Exception):
    """Raised when the service cannot start with these settings; the message says what to change."""


def configured_keys(settings: Settings) -> list[bytes]:
    """Return the accepted keys; an empty list admits every request.

    Raises:
        SettingsError: The key file cannot be read, or no key is in it.
    """
    given = settings.api_key.get_secret_value().split(",") if settings.api_key else []
    if settings.api_key_file is not None:
        try:
            lines = settings.api_key_file.read_text("utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise SettingsError(
                "The file named in PLEURA_API_KEY_FILE cannot be read. Check its name and its permissions."
            ) from None
        given += lines
    keys = [key.strip().encode() for key in given if key.strip()]
    if not keys and (settings.api_key is not None or settings.api_key_file is not None):
        raise SettingsError(
            "PLEURA_API_KEY or PLEURA_API_KEY_FILE is set, but holds no key. Add one, or unset it."
        )
    return keys


_bearer = HTTPBearer(
    auto_error=False,
    description="One of the configured API keys.",
)


def guard(keys: list[bytes]) -> Callable[..., Awaitable[None]]:
    """Return a dependency that rejects requests without a valid key.

    Args:
        keys: The valid keys, as bytes; at least one.

    Raises:
        WrongKey: By the dependency: the request has no valid key.
    """

    async def check(credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]) -> None:
        given = credentials.credentials.encode() if credentials else b""
        # Compare every key: the time taken must not reveal which one matches.
        matches = [compare_digest(given, key) for key in keys]
        if not any(matches):
            raise WrongKey("Send a valid key: Authorization: Bearer <key>.")

    return check
