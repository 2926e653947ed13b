"""What a benchmark's command prints."""

import sys
from collections.abc import Callable

import pytest


def printed_rows(
    main: Callable[[], None], patch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> list[str]:
    """Run a command without options, and return the rows of its Markdown table."""
    patch.setattr(sys, "argv", ["command"])
    main()
    return [line for line in capsys.readouterr().out.splitlines() if line.startswith("|")]
