"""Rules of the house that no linter counts: lines of a file, lines of a function, positional parameters."""

import ast
import subprocess
import sys
from pathlib import Path

FILE_LINES = 500
FUNCTION_LINES = 50
POSITIONAL_PARAMETERS = 5

Function = ast.FunctionDef | ast.AsyncFunctionDef


def main() -> int:
    """Print each breach; 1 if there is any."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py"], capture_output=True, text=True, check=True
    )
    breaches = [breach for name in listed.stdout.split() if Path(name).exists() for breach in _breaches(Path(name))]
    print("\n".join(breaches) or "The house is in order.")
    return 1 if breaches else 0


def _breaches(path: Path) -> list[str]:
    text = path.read_text()
    found = []
    if (lines := text.count("\n")) > FILE_LINES:
        found.append(f"{path}: {lines} lines, {FILE_LINES} are allowed")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, Function):
            found.extend(f"{path}:{node.lineno} {node.name}: {complaint}" for complaint in _complaints(node))
    return found


def _complaints(function: Function) -> list[str]:
    found = []
    first = function.body[1] if ast.get_docstring(function) and len(function.body) > 1 else function.body[0]
    body = (function.end_lineno or function.lineno) - first.lineno + 1
    if body > FUNCTION_LINES:
        found.append(f"{body} body lines, {FUNCTION_LINES} are allowed")
    positional = [a.arg for a in function.args.posonlyargs + function.args.args if a.arg not in {"self", "cls"}]
    if len(positional) > POSITIONAL_PARAMETERS and not function.name.startswith("test_"):
        found.append(f"{len(positional)} positional parameters, {POSITIONAL_PARAMETERS} are allowed")
    return found


if __name__ == "__main__":
    sys.exit(main())
