"""Log lines as text or JSON. They never contain image data, file names or patient data."""

import json
import logging
import sys
import traceback
import warnings
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Literal

log = logging.getLogger("pleura")

request_id: ContextVar[str] = ContextVar("request_id", default="-")


def frames(error: BaseException) -> str:
    """Return the type of an error and its last stack frames, without the message, which may quote the input.

    Of an exception group, the first error counts.
    """
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    places = (f"{frame.name} line {frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)[-4:])
    return f"{type(error).__name__} in {', '.join(places)}"


class JsonFormatter(logging.Formatter):
    """A formatter for one JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            "request_id": request_id.get(),
            **_fields(record),
        }
        return json.dumps(line)


class TextFormatter(logging.Formatter):
    """A formatter for one readable line."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields = "".join(f" {name}={value}" for name, value in _fields(record).items())
        return f"{time} {record.levelname.lower():7} {request_id.get()} {record.getMessage()}{fields}"


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    return getattr(record, "fields", {})


def configure(log_format: Literal["text", "json"]) -> None:
    """Send the log lines of Pleura and uvicorn, and no others, to standard error.

    Other libraries put values from a file into their messages and warnings.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.getLogger().handlers = [logging.NullHandler()]
    for name in ("pleura", "uvicorn"):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(logging.INFO)
        logger.propagate = False
    # uvicorn's access lines contain addresses and whole queries.
    access = logging.getLogger("uvicorn.access")
    access.handlers = []
    access.propagate = False
    warnings.simplefilter("ignore")
