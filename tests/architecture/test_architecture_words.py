"""What may not stand in the source: names that say nothing, silent exceptions to the rules, one machine's paths."""

import ast
import re

import pytest

EMPTY = {"util", "utils", "common", "helper", "helpers", "manager", "handler"}
KNOWN_TO_USERS = {"SharedAuthManager"}
WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
SUPPRESSION = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b.*", re.IGNORECASE)
REASONED = re.compile(
    r"# noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)* --? \S.*|# type: ignore\[[a-z-]+(?:, ?[a-z-]+)*\]  # \S.*", re.DOTALL
)
MACHINE = re.compile(r"(?<![\w.:/<>~}])/(?:work|root|tmp|private|home/\w+|Users/\w+)/\w|[A-Z]:\\Users\\\w")


def words(name):
    return {word.lower() for word in WORD.findall(name)}


def defined(path, text):
    """The names of things that a file brings into the world: its own, its folders' and its classes'."""
    yield from path.removesuffix(".py").split("/")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ClassDef):
            yield node.name


def test_no_name_is_empty(sources):
    names = {name for path, text in sources.items() if path.startswith("src/") for name in defined(path, text)}

    assert {name for name in names - KNOWN_TO_USERS if words(name) & EMPTY} == set()


def test_every_suppression_names_its_rule_and_its_reason(sources):
    found = (
        f"{path}:{number}: {match[0]}"
        for path, text in sources.items()
        if not path.startswith("tests/architecture/")
        for number, line in enumerate(text.splitlines(), 1)
        if (match := SUPPRESSION.search(line)) and not REASONED.fullmatch(match[0])
    )

    assert list(found) == []


def test_no_unit_or_property_test_sleeps(sources):
    sleeping = {
        path
        for path, text in sources.items()
        if path.startswith(("tests/unit/", "tests/property/")) and re.search(r"\bsleep\((?!0\))", text)
    }

    assert sleeping == set()


def test_no_file_names_a_path_of_one_machine(tracked):
    found = (
        f"{path}:{number}: {match[0]}"
        for path, text in tracked.items()
        for number, line in enumerate(text.splitlines(), 1)
        if (match := MACHINE.search(line))
    )

    assert list(found) == []


@pytest.mark.parametrize("suppression", ["# noqa", "# noqa: S101", "# type: ignore", "# type: ignore[misc]"])
def test_a_suppression_without_reason_is_found(suppression):
    assert SUPPRESSION.search(suppression)
    assert not REASONED.fullmatch(suppression)
