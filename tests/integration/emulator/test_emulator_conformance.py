"""The conformance table: a row for each statement of DMS's HTTP contract, in `conformance/*.toml`, sent over a socket.

`docs/emulator.md` shows the table; `UPDATE_DOCS=1 pytest <this file>` writes it there.

A row has the statement (`says`) and either what to send and expect, or a `gap`: why it is not covered.
- `given`: steps before, each `name = METHOD path JSON` or `name = school 5`, `name = student 5`, `name = period X 5`,
  those that start with `as:TOKEN` by that token; those of the CMS by the one that a step called `t` got, unless told.
  `<name.id>`, `<name.etag>`, `<name.location>` stand for what a step answered, `<base>` for the base URL. Rows know
  nothing of each other: they run in any order.
- `request`, `headers` (sent, or with an empty text left out), `body`; `auth`: `none`, a header, or the name of a token.
- `status`; `answers`: header -> regular expression, empty where it has to be absent; `has`: members that the body has,
  texts that start with `~` being regular expressions; `contains`: items that a list has; `rows`: how many it has;
  `text`: the whole body;
  `shows` and `hides`: what stands in it and what does not. Members of problems are always looked at in their order.
- `then`: a request after it, with `then_status` and `then_has`; `options`: of an emulator for this row alone.
"""

import json
import os
import re
import tomllib
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dms_load_test.emulator import EmulatorOptions, start_emulator

TABLE = Path(__file__).parent / "conformance"
PAGE = Path(__file__).parents[3] / "docs" / "emulator.md"
BEGIN, END = "<!-- conformance: begin -->", "<!-- conformance: end -->"
URI = "uri://ed-fi.org/"
ROWS = [row for file in sorted(TABLE.glob("*.toml")) for row in tomllib.loads(file.read_text())["row"]]
COVERED = [row for row in ROWS if "gap" not in row]


def school(number):
    return "schools", {
        "schoolId": int(number),
        "nameOfInstitution": f"School {number}",
        "educationOrganizationCategories": [
            {"educationOrganizationCategoryDescriptor": f"{URI}EducationOrganizationCategoryDescriptor#School"}
        ],
        "gradeLevels": [{"gradeLevelDescriptor": f"{URI}GradeLevelDescriptor#Tenth grade"}],
    }


def student(number):
    body = {"studentUniqueId": number, "birthDate": "2014-08-14", "firstName": "Russella", "lastSurname": "Mayers"}
    return "students", body


def period(name, number):
    return "classPeriods", {"classPeriodName": name, "schoolReference": {"schoolId": int(number)}}


PROBLEM = ["detail", "type", "title", "status", "correlationId", "validationErrors", "errors"]
SHORTHANDS = {"school": school, "student": student, "period": period}


class Session:
    """One row's requests: what steps answered, by name."""

    def __init__(self, client):
        self.client = client.authorize()
        self.base = client.emulator.base_url
        self.known = {"base": self.base}

    def fill(self, text):
        return re.sub(r"<([\w.]+)>", lambda found: self.known[found[1]], text)

    def step(self, line):
        name, _, rest = line.partition(" = ")
        kind, *arguments = rest.split(" ")
        if kind in SHORTHANDS:
            resource, body = SHORTHANDS[kind](*arguments)
            reply = self.client.post(resource, body)
        else:
            token = kind.removeprefix("as:") if kind.startswith("as:") else ""
            kind, path, *body = arguments if token else (kind, *arguments)
            if not token and path.startswith("//config/"):
                token = "<t.access_token>"
            reply = self.send(kind, path, " ".join(body), {"Authorization": f"Bearer {token}"} if token else None)
        assert reply.status < 300, (line, reply.body)
        location = reply.headers.get("location", "")
        self.known |= {
            f"{name}.location": location,
            f"{name}.id": location.rpartition("/")[2],
            f"{name}.etag": reply.headers.get("etag", "").strip('"'),
            f"{name}.status": str(reply.status),
        }
        if reply.body.startswith(b"{"):
            self.known |= {f"{name}.{member}": str(value) for member, value in reply.json.items()}
        for header in ("next-page-token",):
            self.known[f"{name}.{header.replace('-', '_')}"] = reply.headers.get(header, "")

    def send(self, method, path, body="", headers=None):
        path = self.fill(path)
        if path.startswith(self.base):
            path = path.removeprefix(self.base)
        elif path.startswith("http"):
            path = urlsplit(path).path.removeprefix("/api")
        if path.startswith("//"):  # beside the base, not below it
            path, self.client.base_path = path[1:], ""
        try:
            return self.client.send(
                method, path, self.fill(body).encode() if body else None, **headers_of(self, headers or {})
            )
        finally:
            self.client.base_path = "/api"


def headers_of(session, headers):
    return {name: session.fill(value) if value else None for name, value in headers.items()}


def matches(expected, actual, at="$"):
    """Say where `actual` lacks what is expected; empty where it does not."""
    if isinstance(expected, dict):
        if not isinstance(actual, dict):
            return f"{at}: {actual!r}"
        return next((wrong for name in expected if (wrong := matches_member(expected, actual, name, at))), "")
    if isinstance(expected, list):
        if not isinstance(actual, list) or len(expected) != len(actual):
            return f"{at}: {actual!r}"
        pairs = enumerate(zip(expected, actual, strict=True))
        return next((wrong for n, pair in pairs if (wrong := matches(*pair, f"{at}[{n}]"))), "")
    if isinstance(expected, str) and expected.startswith("~"):
        return "" if re.search(expected[1:], str(actual)) else f"{at}: {actual!r}"
    return "" if expected == actual and type(expected) is type(actual) else f"{at}: {actual!r}, not {expected!r}"


def matches_member(expected, actual, name, at):
    if expected[name] == "absent":
        return f"{at}.{name} is there" if name in actual else ""
    return matches(expected[name], actual[name], f"{at}.{name}") if name in actual else f"{at}.{name} is absent"


def expect(session, reply, status, has, row):
    assert reply.status == status, reply.body
    if has is not None:
        assert reply.body, "the answer has no body"
        assert matches(json.loads(session.fill(has)), reply.json) == ""
    for name, pattern in row.get("answers", {}).items():
        value = reply.headers.get(name)
        assert (value is None) if not pattern else (value is not None and re.fullmatch(session.fill(pattern), value)), (
            name,
            reply.headers,
        )
    if "text" in row:
        assert reply.body.decode() == row["text"]
    if "rows" in row:
        assert len(reply.json) == row["rows"]
    for item in json.loads(row.get("contains", "[]")):
        assert any(matches(item, actual) == "" for actual in reply.json), item
    body = reply.body.decode()
    assert [text for text in row.get("shows", ()) if text not in body] == []
    assert [text for text in row.get("hides", ()) if text in body] == []
    if body.startswith('{"detail":'):
        assert list(reply.json) == [name for name in PROBLEM if status != 401 or name in reply.json]


@pytest.mark.parametrize("row", COVERED, ids=lambda row: f"{row['section']} {row['says'][:70]}")
def test_the_emulator_conforms(row, emulator, make_client):
    if "options" in row:
        with start_emulator(EmulatorOptions(port=0, **row["options"])) as own:
            check(row, Session(make_client(own)))
    else:
        check(row, Session(make_client(emulator)))


def check(row, session):
    for line in row.get("given", ()):
        session.step(line)
    headers = dict(row.get("headers", {}))
    if "auth" in row:
        headers["Authorization"] = "" if row["auth"] == "none" else row["auth"]
    method, _, path = row["request"].partition(" ")
    reply = session.send(method, path, row.get("body", ""), headers)
    expect(session, reply, row["status"], row.get("has"), row)
    if "then" in row:
        session.known["reply.location"] = reply.headers.get("location", "")
        method, _, path = row["then"].partition(" ")
        expect(session, session.send(method, path), row.get("then_status", 200), row.get("then_has"), {})


def table():
    covered = f"{len(COVERED)} of {len(ROWS)} statements are covered, each by a request in the tests."
    lines = [covered, "", "| § | statement | covered |", "|---|---|---|"]
    for row in ROWS:
        says = row["says"].replace("|", "\\|")
        lines.append(f"| {row['section']} | {says} | {'no: ' + row['gap'] if 'gap' in row else 'yes'} |")
    return "\n".join(lines)


def test_the_documentation_shows_the_table():
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(BEGIN)
    tail = rest.partition(END)[2]
    current = f"{head}{BEGIN}\n{table()}\n{END}{tail}"
    if os.environ.get("UPDATE_DOCS"):
        PAGE.write_text(current, encoding="utf-8")
    assert page == current or os.environ.get("UPDATE_DOCS"), "run UPDATE_DOCS=1 pytest on this file"


def test_every_row_says_something_of_its_own():
    said = [(row["section"], row["says"]) for row in ROWS]
    assert len(said) == len(set(said))
    assert {row["section"].partition(".")[0] for row in ROWS} == {"1", "2", "3", "4", "5"}
