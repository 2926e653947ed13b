"""What can go wrong between the watcher and a PACS. Nothing that the PACS says of an image is repeated."""

from model.errors import PleuraError


class PacsError(PleuraError):
    """The watcher cannot go on until its user has changed something."""


class Unavailable(Exception):
    """The PACS does not answer, or cannot answer now: worth another try.

    Attributes:
        reason: a few words for the log.
        retry_after_s: how long the PACS asks to be left alone; None where it does not say.
    """

    def __init__(self, reason: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.retry_after_s = retry_after_s


class Refused(Exception):
    """The PACS answered, and another try would get the same answer.

    Attributes:
        reason: a few words for the log.
        status: the answer's HTTP status, where that is what refuses.
    """

    def __init__(self, reason: str, *, status: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.status = status


class TooLong(Refused):
    """The answer is longer than any that is taken here."""


class Stopped(Exception):
    """The watcher was told to stop while it waited."""
