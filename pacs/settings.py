"""Credentials of the watcher, from the environment: command-line options are visible in the process list."""

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from .errors import PacsError


class PacsSettings(BaseSettings):
    """Credentials for a PACS, from the environment as ``PLEURA_PACS_*``."""

    model_config = SettingsConfigDict(
        env_prefix="PLEURA_PACS_",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    user: str | None = Field(None, description="Name for HTTP Basic authentication.")
    password: SecretStr | None = Field(None, description="Password for that name.")
    audit: str | None = Field(
        None, description="File, syslog://HOST:PORT (UDP) or syslog: of the audit trail; default: off."
    )
    audit_key: SecretStr = Field(SecretStr(""), description="HMAC key for the UIDs in the audit trail.")
    token: SecretStr | None = Field(None, description="Bearer token, instead of name and password.")

    def check(self) -> None:
        """Reject credentials that contradict each other.

        Raises:
            PacsError: A name without a password, a password without a name, or both kinds of credentials.
        """
        if (self.user is None) != (self.password is None):
            raise PacsError("Set both PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, or neither.")
        if self.user is not None and self.token is not None:
            raise PacsError(
                "Set PLEURA_PACS_USER and PLEURA_PACS_PASSWORD, or PLEURA_PACS_TOKEN, but not both."
            )
