"""Readers raise nothing but ImageError, whatever a decoder does."""

from pathlib import Path
from typing import Any

import pytest

from model.errors import DecoderFailure
from model.reading import png, read, read_mask

from .pictures import ramp, saved


@pytest.mark.parametrize("reader", [read, read_mask])
@pytest.mark.parametrize("error", [ZeroDivisionError("Secret"), MemoryError(), RecursionError()])
def test_unexpected_error_is_an_unreadable_image(
    reader: Any, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise error

    monkeypatch.setattr(png, "decode", fail)
    with pytest.raises(DecoderFailure, match="save it again with another program") as raised:
        reader(saved(ramp(), "PNG"))
    assert raised.value.__cause__ is error
    assert "Secret" not in str(raised.value)


@pytest.mark.parametrize("reader", [read, read_mask])
def test_file_that_cannot_be_opened_is_an_os_error(reader: Any) -> None:
    with pytest.raises(FileNotFoundError):
        reader(Path("/nowhere/x.png"))
