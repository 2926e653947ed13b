"""Docstrings of public functions say what a signature cannot: shapes, the meaning of None, errors."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("app", "bulk", "client", "logs", "model", "pacs", "samples", "training")
MODULES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
MOST_WITHOUT_ARGS = 2
ARRAY = re.compile(r"^(?!dict).*\b(NDArray|ndarray|Tensor|Grey|Mask)\b")
SHAPE = re.compile(r"``\([^`]*\)``|any shape|scalar")
ELSEWHERE = re.compile(r"\b([Ss]ee|[Aa]s|as of) `")
# FastAPI and typer show the help of each parameter: in routes, and in the functions that are commands.
ROUTE = re.compile(r"^router\.")
COMMANDS = {"command.py", "commands"}
EACH = re.compile(r"^Each \w+ takes ", re.MULTILINE)
"""In a module's docstring: says it for all its functions."""
ITEM = re.compile(r"^    [*\w., ]+: [a-z]")
SECTION = re.compile(r"^(Args|Attributes|Raises):$")
SILENT = {"Exit", "BadParameter"}
"""How a command line ends; typer prints the message."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(body: list[ast.stmt]) -> Iterator[Function]:
    """Yield the public functions and methods that a caller sees."""
    for node in body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from functions(node.body)
        elif isinstance(node, Function) and not node.name.startswith("_"):
            decorators = [ast.unparse(decorator) for decorator in node.decorator_list]
            if not any(ROUTE.match(text) for text in decorators):
                yield node


def parameters(function: Function) -> dict[str, str]:
    """Return the annotation of each parameter by name, without ``self`` and ``cls``."""
    given = function.args
    every = [*given.posonlyargs, *given.args, *given.kwonlyargs]
    return {
        argument.arg: ast.unparse(argument.annotation) if argument.annotation else ""
        for argument in every
        if argument.arg not in {"self", "cls"}
    }


def raised(function: Function) -> set[str]:
    """Return the names of the errors that the function raises itself."""
    names = set()
    for node in ast.walk(function):
        if isinstance(node, ast.Raise) and node.exc is not None:
            error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
            names.add(ast.unparse(error).split(".")[-1])
    return {name for name in names - SILENT if name[0].isupper()}


def unsaid(function: Function) -> list[str]:
    """Return what the docstring of a function should say and does not."""
    text = ast.get_docstring(function) or ""
    taken = parameters(function)
    arrays = [name for name, annotation in taken.items() if ARRAY.search(annotation)]
    returns = ast.unparse(function.returns) if function.returns else ""
    missing: list[str] = []
    if ELSEWHERE.search(text):
        return missing
    if "Args:" not in text:
        if len(arrays) > 1 or len(taken) > MOST_WITHOUT_ARGS:
            missing.append("Args:")
        elif arrays and not SHAPE.search(text):
            missing.append(f"the shape of {arrays[0]}")
        missing += [
            f"what None means for {name}"
            for name, annotation in taken.items()
            if re.search(r"\| None\b", annotation) and not re.search(rf"\b{name}\b|None", text)
        ]
    if ARRAY.search(returns) and not SHAPE.search(text):
        missing.append("the shape returned")
    if raised(function) and "Raises:" not in text:
        missing.append(f"Raises: {', '.join(sorted(raised(function)))}")
    return missing


def small(docstring: str) -> list[str]:
    """Return the items of the sections that do not begin with a capital letter."""
    found, listed = [], False
    for line in docstring.splitlines():
        if line and not line.startswith(" "):
            listed = SECTION.match(line) is not None
        elif listed and ITEM.match(line):
            found.append(line.strip())
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_docstrings_say_what_signatures_cannot(path: Path) -> None:
    module = ast.parse(path.read_text("utf-8"))
    if COMMANDS & set(path.parts) or EACH.search(ast.get_docstring(module) or ""):
        return
    found = {function.name: unsaid(function) for function in functions(module.body)}
    assert {name: missing for name, missing in found.items() if missing} == {}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_items_of_docstrings_begin_with_a_capital_letter(path: Path) -> None:
    nodes = ast.walk(ast.parse(path.read_text("utf-8")))
    documented = [node for node in nodes if isinstance(node, ast.ClassDef | Function)]
    assert [item for node in documented for item in small(ast.get_docstring(node) or "")] == []


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ('def area(mask: NDArray[np.bool_]) -> int:\n    """Return the area."""', ["the shape of mask"]),
        ('def area(mask: NDArray[np.bool_]) -> int:\n    """Return the area of ``(h, w)`` bool."""', []),
        ('def both(one: Tensor, two: Tensor) -> int:\n    """Compare ``(h, w)``."""', ["Args:"]),
        ('def cut(side: int | None) -> int:\n    """Cut."""', ["what None means for side"]),
        ('def grey() -> NDArray[np.uint8]:\n    """Return grey."""', ["the shape returned"]),
        ('def read() -> int:\n    """Read."""\n    raise BadImage("x")', ["Raises: BadImage"]),
        (
            'def read() -> int:\n    """Read.\n\n    Raises:\n        Bad: It is.\n    """\n    raise Bad',
            [],
        ),
    ],
)
def test_what_a_docstring_lacks_is_found(source: str, missing: list[str]) -> None:
    (function,) = functions(ast.parse(source).body)
    assert unsaid(function) == missing


def test_small_initial_is_found() -> None:
    assert small("Read.\n\nArgs:\n    path: the file.\n    size: Pixels.\n") == ["path: the file."]
