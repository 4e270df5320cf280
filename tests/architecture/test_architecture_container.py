"""The container file keeps the rules that linters of such files have, and ours about secrets."""

import json
import re

import pytest

FILE = "deploy/Containerfile"
SECRET = re.compile(r"(SECRET|TOKEN|PASSWORD|CLIENT_ID)", re.IGNORECASE)


def instructions(text):
    """(name, arguments) of each instruction; continued lines are one."""
    joined = re.sub(r"\\\n\s*", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE))
    return [tuple(line.split(None, 1)) for line in joined.splitlines() if line.strip()]


def is_json_list(text):
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def faults(text):
    """What is wrong with a container file, as sentences."""
    steps = instructions(text)
    of = {name: [rest for step, rest in steps if step == name] for name, _ in steps}
    installs = [part for rest in of.get("RUN", ()) for part in rest.split("&&") if "pip install" in part]
    found = {
        "the base image has a registry and a version": all(
            re.fullmatch(r"[\w.-]+\.\w+/\S+:(?!latest)\S+", rest.split()[0]) for rest in of.get("FROM", ["?"])
        ),
        "pip leaves no cache": all("--no-cache-dir" in part for part in installs),
        "pip installs by hash, or nothing but ourselves": all(
            "--require-hashes" in part or "--no-deps" in part for part in installs
        ),
        "packages of the system come without recommendations": all(
            "--no-install-recommends" in rest for rest in of.get("RUN", ()) if "apt-get install" in rest
        ),
        "files are copied by name": "ADD" not in of and not any(rest.split()[0] in {".", "*"} for rest in of["COPY"]),
        "folders are absolute": all(rest.startswith("/") for rest in of.get("WORKDIR", ())),
        "it does not run as root": of.get("USER", ["0"])[-1].lstrip("0").isdigit(),
        "commands need no shell": all(
            is_json_list(rest) for name in ("CMD", "ENTRYPOINT") for rest in of.get(name, ())
        ),
        "no secret is baked in": not any(SECRET.search(rest) for name in ("ENV", "ARG") for rest in of.get(name, ())),
    }
    return [rule for rule, kept in found.items() if not kept]


GOOD = """FROM docker.io/library/python:3.12-slim
COPY src src
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock
USER 1000
CMD ["dms-load-test"]
"""


def test_the_container_file_has_no_fault(root):
    assert faults((root / FILE).read_text()) == []


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("3.12-slim", "latest", "the base image has a registry and a version"),
        ("docker.io/library/", "", "the base image has a registry and a version"),
        ("--no-cache-dir ", "", "pip leaves no cache"),
        ("--require-hashes ", "", "pip installs by hash, or nothing but ourselves"),
        ("COPY src src", "COPY . .", "files are copied by name"),
        ("USER 1000", "USER 0", "it does not run as root"),
        ("USER 1000\n", "", "it does not run as root"),
        ('["dms-load-test"]', "dms-load-test", "commands need no shell"),
        ("USER 1000", "ENV CLIENT_SECRET=x\nUSER 1000", "no secret is baked in"),
        ("COPY src src", "COPY src src\nWORKDIR app", "folders are absolute"),
        ("COPY", "RUN apt-get install curl\nCOPY", "packages of the system come without recommendations"),
    ],
)
def test_each_rule_finds_its_fault(good, bad, rule):
    assert faults(GOOD) == []
    assert faults(GOOD.replace(good, bad, 1)) == [rule]


def test_the_image_gets_what_it_copies_and_nothing_else(root):
    allowed = {line[1:] for line in (root / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {
        name for step, rest in instructions((root / FILE).read_text()) if step == "COPY" for name in rest.split()[:-1]
    }

    assert copied == allowed
    assert all((root / name).exists() for name in copied)
