"""Checks a commit subject: ``python -m tests.project.commit_subject FILE``, called by the hook commit-msg."""

import re
import sys
from pathlib import Path

MAX_LENGTH = 72
_FORM = re.compile(r"[a-z][\w ,/.-]*: \S.*")
_BY_GIT = ("Merge ", "Revert ", "fixup! ", "squash! ")


def fault(subject: str) -> str | None:
    """Return what is wrong with a subject and what to do, or None."""
    if subject.startswith(_BY_GIT):
        return None
    if len(subject) > MAX_LENGTH:
        return (
            f"The subject has {len(subject)} characters: shorten it to {MAX_LENGTH}; the body may say more."
        )
    if not _FORM.fullmatch(subject):
        return "The subject names no area: write `area: summary`, for example `reading: accept signed TIFF`."
    return None


def main() -> None:
    """Exit with a message if the first line of the named file is not a valid subject."""
    lines = Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()
    sys.exit(fault(lines[0] if lines else ""))


if __name__ == "__main__":
    main()
