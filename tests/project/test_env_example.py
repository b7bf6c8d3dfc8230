"""`.env.example` names every variable that the code reads, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.settings.environment import env
from tests.project.files import ROOT

EXAMPLE = ROOT / ".env.example"
ENTRY = re.compile(r"#([A-Z][A-Z0-9_]*)=(.*)")
# Not configuration: what the demo tells itself, a test runner its workers, a shell its children.
INTERNAL = {"WRAPPER_DEMO_STARTED", "PYTEST_XDIST_WORKER", "PATH"}


def sources() -> Iterator[Path]:
    yield from (ROOT / "config" / "settings").glob("*.py")
    yield from (ROOT / "apps").rglob("*.py")


def constants(tree: ast.AST) -> dict[str, str]:
    """Names, of modules and of classes, that stand for a text."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                    found[target.id] = node.value.value
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple):
            for target in node.targets:
                if isinstance(target, ast.Tuple):
                    for name, value in zip(target.elts, node.value.elts, strict=False):
                        if isinstance(name, ast.Name) and isinstance(value, ast.Constant):
                            found[name.id] = value.value
    return found


def is_environment(node: ast.expr) -> bool:
    """`env`, `env.<type>`, `os.environ`, `os.environ.get`, `environ`, `os.getenv`, ..."""
    text = ast.unparse(node)
    return bool(re.fullmatch(r"env(\.\w+)?|(os\.)?environ(\.\w+)?|os\.getenv", text))


def read_by(path: Path, ports: dict[str, str]) -> set[str]:
    """The variables that a file reads, by name or by a constant that holds the name."""
    tree = ast.parse(path.read_text())
    known = constants(tree)
    found: set[str] = set()
    for node in ast.walk(tree):
        key: ast.expr | None = None
        if isinstance(node, ast.Call) and is_environment(node.func) and node.args:
            key = node.args[0]
        elif isinstance(node, ast.Subscript) and is_environment(node.value):
            key = node.slice
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            found.add(key.value)
        elif isinstance(key, ast.Name) and key.id in known:
            found.add(known[key.id])
        elif isinstance(key, ast.Attribute) and key.attr == "port_variable":
            found |= set(ports.values())
        elif isinstance(key, ast.Name | ast.Attribute):
            raise AssertionError(f"{path}: which variable is {ast.unparse(node)}?")
    return found


def read_by_the_code() -> set[str]:
    servers = {path: constants(ast.parse(path.read_text())) for path in sources()}
    ports = {
        str(path): known["port_variable"]
        for path, known in servers.items()
        if "port_variable" in known
    }
    found = {name for path in sources() for name in read_by(path, ports)}
    found |= set(re.findall(r"\$\{?([A-Z][A-Z0-9_]*)", (ROOT / "Procfile").read_text()))
    return found - INTERNAL


def entries() -> dict[str, tuple[str, str]]:
    """Of each variable the value shown, and the comment above it."""
    found: dict[str, tuple[str, str]] = {}
    comment: list[str] = []
    for line in EXAMPLE.read_text().splitlines():
        entry = ENTRY.fullmatch(line)
        if entry:
            assert entry[1] not in found, f"{entry[1]} is there twice"
            found[entry[1]] = (entry[2], " ".join(comment))
            comment = []
        elif line.startswith("# "):
            comment.append(line[2:])
        elif not line.strip("# "):
            comment = []
        else:
            raise AssertionError(f"neither a comment nor a commented variable: {line!r}")
    return found


def test_the_example_has_what_the_code_reads_and_nothing_else() -> None:
    assert set(entries()) == read_by_the_code()


def test_each_variable_says_what_it_is_and_what_holds_without_it() -> None:
    for name, (value, comment) in entries().items():
        assert value, f"{name} shows no value"
        assert "Unit:" in comment, f"{name} has no unit"
        assert "Default:" in comment, f"{name} has no default"


def test_secrets_are_masked() -> None:
    for name, (value, _comment) in entries().items():
        if re.search(r"(^|_)(SECRET|PASSWORD|KEY)(_|$)", name):
            assert re.fullmatch(r"x+", value), f"{name} shows {value}"
        if "://" in value and "@" in value:
            assert re.search(r"://\w*:x+@", value), f"{name} shows a password: {value}"


def test_a_copy_changes_nothing_until_a_line_is_uncommented() -> None:
    assert all(line.startswith("#") or not line for line in EXAMPLE.read_text().splitlines())


def test_a_variable_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "secret"
    secret.write_text("from the file\n")
    monkeypatch.setenv("WRAPPER_TEST_OF_FILES", "from the environment")
    assert env("WRAPPER_TEST_OF_FILES") == "from the environment"
    monkeypatch.setenv("WRAPPER_TEST_OF_FILES_FILE", str(secret))
    assert env("WRAPPER_TEST_OF_FILES") == "from the file"
