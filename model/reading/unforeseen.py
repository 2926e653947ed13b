"""What decoders raise of hostile bytes and nobody has foreseen, as one error."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from ..errors import DecoderFailure, ImageError

P = ParamSpec("P")
T = TypeVar("T")


def image_errors_only(reader: Callable[P, T]) -> Callable[P, T]:
    """Let a function raise nothing but ImageError, and OSError where its file cannot be opened.

    Raises:
        DecoderFailure: anything else; it is the cause.
    """

    @wraps(reader)
    def guarded(*args: P.args, **options: P.kwargs) -> T:
        try:
            return reader(*args, **options)
        except (ImageError, OSError):
            raise
        except Exception as error:
            raise DecoderFailure() from error

    return guarded
