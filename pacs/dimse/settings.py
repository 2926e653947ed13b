"""Addresses, limits and TLS files of the listener."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import NamedTuple

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from ..address import Address, Peer
from ..errors import PacsError


class ListenSettings(BaseSettings):
    """Limits and TLS files of the listener, from the environment as ``PLEURA_DIMSE_*``."""

    model_config = SettingsConfigDict(
        env_prefix="PLEURA_DIMSE_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    max_associations: int = Field(
        10, ge=1, le=1000, description="Simultaneous associations; others are rejected as transient."
    )
    max_pdu: int = Field(
        65536, ge=4096, le=1048576, description="Maximum PDU length, in bytes, that senders are told."
    )
    max_mb: int = Field(
        256, ge=1, description="Megabytes of an instance; a larger one closes the connection."
    )
    idle_s: float = Field(
        60,
        gt=0,
        description="Seconds without data, or for a single PDU, after which a connection is closed.",
    )
    max_queued: int = Field(
        1000,
        ge=1,
        description="Instances and results in the queue from which on senders get 0xA700.",
    )
    tls_certificate: Path | None = Field(
        None, description="PEM file of the certificate chain of Pleura, for TLS in both directions."
    )
    tls_key: Path | None = Field(None, description="PEM file of its key.")
    tls_ca: Path | None = Field(
        None, description="PEM file of the authorities that issue the certificates of the other side."
    )

    def contexts(self) -> tuple[ssl.SSLContext, ssl.SSLContext] | None:
        """Return the TLS contexts to listen and to send with; None without TLS.

        Both sides show a certificate, as in the BCP 195 profiles of PS3.15 B.

        Raises:
            PacsError: A file is missing or cannot be used.
        """
        given = (self.tls_certificate, self.tls_key, self.tls_ca)
        if not any(given):
            return None
        if self.tls_certificate is None or self.tls_key is None or self.tls_ca is None:
            raise PacsError(
                "TLS needs three files: set PLEURA_DIMSE_TLS_CERTIFICATE, PLEURA_DIMSE_TLS_KEY and "
                "PLEURA_DIMSE_TLS_CA, or none of them."
            )
        try:
            listening = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=self.tls_ca)
            listening.verify_mode = ssl.CERT_REQUIRED
            sending = ssl.create_default_context(ssl.Purpose.SERVER_AUTH, cafile=self.tls_ca)
            for context in (listening, sending):
                context.load_cert_chain(self.tls_certificate, self.tls_key)
        except (OSError, ssl.SSLError) as error:
            raise PacsError(
                f"The TLS files cannot be used ({type(error).__name__}): check that they are readable PEM "
                "files and belong together."
            ) from None
        return listening, sending


class Door(NamedTuple):
    """What the listener is called with.

    Attributes:
        address: Where it listens.
        ae_title: Its AE title.
        calling: AE titles that may call; empty for all.
        peer: Where results go.
        queue: Folder of the queue.
    """

    address: Address
    ae_title: str
    calling: tuple[str, ...]
    peer: Peer
    queue: Path
