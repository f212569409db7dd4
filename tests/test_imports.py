"""What import-linter cannot say of imports; which package imports which is in pyproject.toml."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("trainer", "vertex_tabular", "components", "pipelines")
SOURCES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
FOR_TRAINER = {"numpy", "torch", "hypertune", "tensorboard", "trainer"}
WRITES = ("write", "writelines", "buffer.write")
HEAVY = ("kfp", "google", "polars", "pandas", "sklearn", "isal", "typer", "yaml", "pyarrow")


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
def test_nothing_reads_the_environment_at_import(path: Path) -> None:
    assert not imports(path) & {"os.environ", "os.getenv"}, "say os.environ where it is read"
    for node in module_level(ast.parse(path.read_text())):
        read = ast.unparse(node) if isinstance(node, (ast.Attribute, ast.Name)) else ""
        assert read not in ("os.environ", "os.getenv", "environ", "getenv"), path


@pytest.mark.parametrize(
    "path", sorted((ROOT / "trainer").rglob("*.py")), ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_trainer_takes_numpy_and_torch_only(path: Path) -> None:
    tops = {name.split(".")[0] for name in imports(path)}
    assert tops - sys.stdlib_module_names <= FOR_TRAINER


PRINTS = {"print", "typer.echo", "typer.secho", "click.echo", "console.print"}
PRINTS |= {f"sys.{stream}.{write}" for stream in ("stdout", "stderr") for write in WRITES}


@pytest.mark.parametrize(
    "path", [*SOURCES, ROOT / "compile.py"], ids=lambda path: str(path.relative_to(ROOT))
)
def test_text_is_printed_in_one_place(path: Path) -> None:
    """`trainer.terminal`, which lets no control character through."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    printing = [call.lineno for call in calls if ast.unparse(call.func) in PRINTS]
    assert bool(printing) == (path == ROOT / "trainer" / "terminal.py"), printing


def runs_without(program: str, *absent: str) -> None:
    blocked = f"import sys\nfor name in {absent}: sys.modules[name] = None\n"
    result = subprocess.run(
        [sys.executable, "-c", blocked + program], cwd=ROOT, capture_output=True
    )
    assert result.returncode == 0, result.stderr.decode()


def test_the_trainer_imports_without_the_pipelines_packages() -> None:
    runs_without("import trainer.__main__, trainer.run", *HEAVY)


def test_the_library_imports_without_torch_and_kubeflow() -> None:
    runs_without("import vertex_tabular", "torch", *HEAVY)
    runs_without("from vertex_tabular import load_model", "torch", "kfp", "google", "typer")
