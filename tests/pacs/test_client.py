import re
from pathlib import Path

import pacs


def test_only_public_names_of_libraries_are_used() -> None:
    """Underscore names of dicomweb-client, requests, tenacity and python-multipart may change."""
    for path in Path(pacs.__path__[0]).glob("*.py"):
        source = path.read_text("utf-8")
        private = re.findall(
            r"\b(?!self\b|cls\b)\w+\._[a-z]\w*|^from [a-z]\w*(?:\.\w+)* import .*\b_\w+", source, re.MULTILINE
        )
        assert not private, (
            f"{path.name} uses {private}: find a public interface, or bound the version in pyproject.toml"
        )
