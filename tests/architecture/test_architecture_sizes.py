"""A reader takes in a file at a sitting and a function at a glance. Complexity and parameters are ruff's matter."""

import ast

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 50


def test_no_file_is_longer_than_400_lines(sources):
    long = {path: lines for path, text in sources.items() if (lines := len(text.splitlines())) > MAX_FILE_LINES}

    assert long == {}


def test_no_function_is_longer_than_50_lines(sources):
    functions = (
        (f"{path}:{node.name}", node.end_lineno - node.lineno + 1)
        for path, text in sources.items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )

    assert {name: lines for name, lines in functions if lines > MAX_FUNCTION_LINES} == {}
