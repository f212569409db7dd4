"""Whether a step changes anything outside of itself, as far as its code shows."""

import ast
import builtins
import re
import shlex
from collections.abc import Iterator

from pipelines.lint.pipeline import Task
from pipelines.lint.shell import scripts_of

# Of Python's own functions, those that may do more than compute, print, or end the step.
_BUILTINS = set(dir(builtins)) - {"open", "exec", "eval", "compile", "__import__", "setattr"}
_MODULES = {"collections", "copy", "datetime", "decimal", "enum", "functools", "hashlib"}
_MODULES |= {"itertools", "json", "logging", "math", "operator", "random", "re", "statistics"}
_MODULES |= {"string", "sys", "textwrap", "time", "traceback", "typing", "uuid", "warnings"}
_FUNCTIONS = {"os.getenv", "os.environ.get", "os.listdir", "os.getcwd"}
_TYPES = (str, bytes, list, dict, set, tuple, float, int, re.Pattern, re.Match)
_METHODS = {name for kind in _TYPES for name in dir(kind)}
_METHODS |= {"read", "readline", "readlines", "read_text", "exists", "is_file", "is_dir"}
_SHELL = {"echo", "printf", "cat", "true", "false", "sleep", "exit", "env", "set", "test", "ls"}
_SHELL |= {"[", "[["}
# A step of another image whose name says that it only looks.
_LOOKS = re.compile(r"(^|[-_])(validat|check|verif|assert)", re.IGNORECASE)


def has_effect(task: Task) -> bool:
    """Whether a step without outputs may change something; a check or a print does not."""
    command: list[str] = task.container.get("command", [])
    words = [*command, *task.container.get("args", [])]
    code = _code(command)
    if code is not None:
        return not _is_pure(code)
    scripts = scripts_of(words)
    if scripts or words[:1] and words[0] in _SHELL:
        return not all(_only_shows(line) for line in scripts[:1] or [shlex.join(words)])
    return not _LOOKS.search(task.path.rpartition("/")[2])


def _code(command: list[str]) -> ast.Module | None:
    """The module of a lightweight component: its function, and the helpers of that."""
    try:
        module = ast.parse(command[-1] if command else "")
    except (SyntaxError, ValueError):
        return None
    return module if any(isinstance(node, ast.FunctionDef) for node in module.body) else None


def _is_pure(code: ast.Module) -> bool:
    own = {
        node.name for node in ast.walk(code) if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    modules = dict(_imported(code))
    calls = (node for node in ast.walk(code) if isinstance(node, ast.Call))
    return all(_is_pure_call(call, own, modules) for call in calls)


def _imported(code: ast.Module) -> Iterator[tuple[str, str]]:
    """Each imported name, with what it is."""
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0], alias.name
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _is_pure_call(call: ast.Call, own: set[str], modules: dict[str, str]) -> bool:
    name = ast.unparse(call.func)
    root, _, rest = name.partition(".")
    if root in modules:
        full = f"{modules[root]}.{rest}".rstrip(".")
        return full.split(".")[0] in _MODULES or full in _FUNCTIONS or full.startswith("os.path.")
    if isinstance(call.func, ast.Name):
        if name == "open":
            return _reads(call)
        return name in own | _BUILTINS
    return isinstance(call.func, ast.Attribute) and call.func.attr in _METHODS


def _reads(call: ast.Call) -> bool:
    mode = next((k.value for k in call.keywords if k.arg == "mode"), None)
    mode = mode or (call.args[1] if len(call.args) > 1 else ast.Constant("r"))
    return isinstance(mode, ast.Constant) and not set(str(mode.value)) & set("wax+")


def _only_shows(script: str) -> bool:
    """Whether each command of a shell script only writes to the log."""
    lexer = shlex.shlex(script.replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        words = list(lexer)
    except ValueError:
        return False
    first = True
    for word in words:
        if set(word) <= set(";&|()"):
            first = True
        elif ">" in word:
            return False
        elif first:
            if word not in _SHELL:
                return False
            first = False
    return True
