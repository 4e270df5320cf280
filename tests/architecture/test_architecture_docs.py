"""The documentation does not lag: what is generated is current, what is linked and named exists."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = ("README.md", *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md")))
TWO_SCREENS = 120
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`([^`]+)`")
NAME = re.compile(r"[A-Za-z_]\w*")
PATH = re.compile(r"[\w.-]*[/.][\w./-]*")


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def prose_of(page):
    return FENCE.sub("", text_of(page))


def anchors_of(page):
    """The anchors of a page's headings, as GitHub makes them."""
    found = []
    for heading in re.findall(r"^#+ (.+)$", prose_of(page), re.MULTILINE):
        words = LINK.sub(lambda link: link[0].split("]")[0].lstrip("!["), heading).lower()
        anchor = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        repeated = sum(one == anchor or re.fullmatch(rf"{re.escape(anchor)}-\d+", one) is not None for one in found)
        found.append(f"{anchor}-{repeated}" if repeated else anchor)
    return found


@pytest.fixture(scope="module")
def generated():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(ROOT / "scripts")
        import docs  # noqa: PLC0415 - a script: it is on the path here only

        yield docs.pages()


def test_what_is_generated_is_current(generated):
    outdated = [page for page, text in generated.items() if text_of(page) != text]

    assert outdated == [], "run `python scripts/docs.py`"


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    broken = []
    for target in LINK.findall(prose_of(page)):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (ROOT / page).parent / path if path else ROOT / page
        if not there.exists() or (anchor and anchor not in anchors_of(there.resolve().relative_to(ROOT))):
            broken.append(target)

    assert broken == []


def test_every_page_is_in_the_index():
    linked = {
        (ROOT / "docs" / target.partition("#")[0]).resolve() for target in LINK.findall(prose_of("docs/README.md"))
    }
    pages = {path for path in (ROOT / "docs").glob("*.md") if path.name != "README.md"}

    assert pages - linked == set()


@pytest.mark.parametrize("page", ["README.md", "docs/architecture.md"])
def test_a_page_fits_two_screens(page):
    assert len(text_of(page).splitlines()) <= TWO_SCREENS


def rows_of(page, heading):
    table = prose_of(page).split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")][1:]


def defined_in(path):
    """The names that a file defines at its top, or all its words where it is not Python."""
    text = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        return set(NAME.findall(text))
    found = set()
    for node in ast.parse(text).body:
        targets = getattr(node, "targets", [getattr(node, "target", None)])
        found |= {target.id for target in targets if isinstance(target, ast.Name)}
        found |= {node.name} if isinstance(node, ast.ClassDef | ast.FunctionDef) else set()
    return found


@pytest.mark.parametrize("row", rows_of("docs/architecture.md", "Where do I change ...?"), ids=lambda row: row[0])
def test_what_the_table_of_changes_names_exists(row):
    marks = [mark.removeprefix("python ") for mark in CODE.findall(row[1]) if not mark.startswith("--")]
    paths = [mark for mark in marks if PATH.fullmatch(mark)]
    there = [base / path for path in paths for base in (ROOT, ROOT / "src" / "dms_load_test") if (base / path).exists()]
    names = {name for mark in marks if mark not in paths for name in [mark.partition("(")[0]]}
    held = set().union(*(defined_in(path) for path in there if path.is_file()))
    held |= set().union(*(defined_in(file) for path in there if path.is_dir() for file in path.rglob("*.py")))

    assert len(there) == len(paths) >= 1
    assert names - held == set()


def test_the_table_of_pains_is_the_one_that_is_tested():
    tree = ast.parse((ROOT / "tests" / "e2e" / "test_predecessor_pains.py").read_text(encoding="utf-8"))
    tested = [
        mark.args[0].value
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        for mark in node.decorator_list
        if isinstance(mark, ast.Call) and getattr(mark.func, "id", "") == "pain"
    ]
    table = text_of("docs/troubleshooting.md").split("<!-- pains -->")[1].split("<!-- pains: end -->")[0]

    assert [line.strip("| ").split(" | ")[0] for line in table.strip().splitlines()[2:]] == tested


def test_the_table_of_a_virtual_user_has_all_that_it_offers():
    tree = ast.parse((ROOT / "src" / "dms_load_test" / "load" / "virtual_user.py").read_text(encoding="utf-8"))
    (user,) = (node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "VirtualUser")
    fields = {node.target.id for node in user.body if isinstance(node, ast.AnnAssign)}
    methods = {node.name for node in user.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    told = {name for row in rows_of("docs/scenarios.md", "Write one") for name in re.findall(r"`(\w+)", row[0])}

    assert told == fields | methods
