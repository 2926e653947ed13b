"""Errors between the watcher and a PACS. No message repeats what the PACS sends about an image."""

from model.errors import PleuraError


class PacsError(PleuraError):
    """The watcher cannot continue until the user changes the configuration."""


class Unavailable(Exception):
    """The PACS does not answer or cannot answer now; a retry may succeed.

    Attributes:
        reason: A few words for the log.
        retry_after_s: Delay in seconds that the PACS asks for (Retry-After); None if it gives none.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The PACS rejected the request; a retry would get the same response.

    Attributes:
        reason: A few words for the log.
        status: The HTTP status of the response, if that is the reason.
    """

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class TooLong(Refused):
    """The response exceeds the size limit."""


class Stopped(Exception):
    """The watcher was told to stop while it waited."""
