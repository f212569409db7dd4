"""Imports go one way: trainer ← components ← pipelines ← compile.py."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "trainer": {"trainer"},
    "components": {"trainer", "components"},
    "pipelines": {"trainer", "components", "pipelines"},
}
# Inside trainer: a module may import those of an earlier layer, or of its own.
TRAINER_LAYERS = [{"errors"}, {"contract"}, {"train"}, {"__main__"}]
BETWEEN = TRAINER_LAYERS.index({"train"})  # everything not named above is between these two
FOREIGN_TO_TRAINER = {"kfp", "google", "typer", "yaml", "google_cloud_pipeline_components"}
SOURCES = [path for package in ALLOWED for path in sorted((ROOT / package).rglob("*.py"))]


def imports(path: Path) -> set[str]:
    """The dotted names that a file imports, wherever in the file."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: relative import"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def module_level(tree: ast.Module) -> list[ast.AST]:
    """The nodes that run when the module is imported: all but the bodies of functions, whose
    decorators and defaults do run."""
    nodes: list[ast.AST] = []
    todo: list[ast.AST] = list(tree.body)
    while todo:
        node = todo.pop()
        nodes.append(node)
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            todo += node.decorator_list
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            todo += [*node.args.defaults, *(d for d in node.args.kw_defaults if d)]
        else:
            todo += ast.iter_child_nodes(node)
    return nodes


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_package_imports_only_what_stands_below_it(path: Path) -> None:
    package = path.relative_to(ROOT).parts[0]
    ours = {name.split(".")[0] for name in imports(path)} & ALLOWED.keys()
    assert ours <= ALLOWED[package]


def test_trainer_knows_nothing_of_the_pipeline() -> None:
    for path in (ROOT / "trainer").rglob("*.py"):
        assert not {name.split(".")[0] for name in imports(path)} & FOREIGN_TO_TRAINER, path


# What talks to Vertex AI, and what reads an input's version on Cloud Storage inside a step.
TALK_TO_GOOGLE = {ROOT / "pipelines" / "vertex" / "client.py", ROOT / "components" / "objects.py"}


def test_only_two_modules_import_google_cloud() -> None:
    for path in SOURCES:
        if path not in TALK_TO_GOOGLE:
            assert not [name for name in imports(path) if name.startswith("google.cloud")], path


def test_layers_inside_trainer() -> None:
    def layer(module: str) -> int:
        for index, modules in enumerate(TRAINER_LAYERS):
            if module in modules:
                return 2 * index
        return 2 * BETWEEN - 1

    for path in (ROOT / "trainer").glob("*.py"):
        for name in imports(path):
            if name.startswith("trainer.") and path.stem != "__init__":
                imported = name.split(".")[1]
                assert layer(imported) <= layer(path.stem), f"{path.name} imports {imported}"


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_reads_the_environment_at_import(path: Path) -> None:
    assert not imports(path) & {"os.environ", "os.getenv"}, "say os.environ where it is read"
    for node in module_level(ast.parse(path.read_text())):
        read = ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""
        assert read not in ("os.environ", "os.getenv", "environ", "getenv"), path


def test_the_trainer_imports_without_the_pipelines_packages() -> None:
    program = (
        "import sys\n"
        "for name in ('kfp', 'google', 'polars', 'pandas', 'sklearn', 'isal', 'typer', 'yaml'):\n"
        "    sys.modules[name] = None\n"
        "import trainer.__main__\n"
    )
    result = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True)
    assert result.returncode == 0, result.stderr.decode()
