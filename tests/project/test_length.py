"""Modules and functions are short, or say why not."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "benchmarks", "bulk", "client", "logs", "model", "pacs", "samples", "training")
MODULES = [
    path
    for package in PACKAGES
    for path in sorted((ROOT / package).rglob("*.py"))
    if ".venv-peers" not in path.parts
]
MOST_LINES = {"module": 250, "function": 60}
REASON = re.compile(r"\blong\s+because\b")


def long_functions(source: str) -> list[str]:
    """Return the functions over the limit, unless their docstring or the module's gives the reason."""
    module = ast.parse(source)
    found = []
    for node in ast.walk(module):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            lines = node.end_lineno - node.lineno + 1
            texts = (ast.get_docstring(node), ast.get_docstring(module))
            if lines > MOST_LINES["function"] and not any(text and REASON.search(text) for text in texts):
                found.append(f"{node.name}: {lines} lines")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_and_functions_are_short(path: Path) -> None:
    source = path.read_text("utf-8")
    assert len(source.splitlines()) <= MOST_LINES["module"], "two modules would be easier to read"
    assert long_functions(source) == [], "shorten it, or say in the docstring that it is long because …"


def test_long_function_is_found_unless_it_says_why() -> None:
    body = "    pass\n" * 60
    assert long_functions(f"def work():\n{body}") == ["work: 61 lines"]
    assert long_functions(f'def work():\n    """Work. It is long because of its options."""\n{body}') == []
    assert long_functions(f'"""Work, long\nbecause of its options."""\ndef work():\n{body}') == []
