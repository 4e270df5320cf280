"""Data from the outside: what is planned, written and loaded."""

import json


def test_every_resource_of_the_standard_is_planned_and_loaded_without_a_refusal(command):
    ended = command("run", "--profile", "smoke", "--phase", "load", "--resources", "all", "--count", "*=1", "--quiet")

    assert ended.code == 0, ended.out + ended.err
    assert "349 of 349 planned documents created" in ended.out


def test_all_documents_are_written_as_one_file_a_resource_in_dependency_order(command, tmp_path):
    ended = command(
        "generate", "--all", "--out", str(tmp_path / "data"), "--profile", "smoke", "--resources", "surveys"
    )

    assert [line.split()[0].rpartition("/")[2] for line in ended.out.splitlines()] == [
        "schoolYearTypes.jsonl",
        "surveys.jsonl",
    ]
    surveys = [json.loads(line) for line in (tmp_path / "data" / "surveys.jsonl").read_text().splitlines()]
    assert len({survey["surveyIdentifier"] for survey in surveys}) == len(surveys) == 10


def test_the_plan_tells_level_resource_documents_and_total(command):
    ended = command("plan", "--profile", "smoke", "--resources", "surveys", "--count", "surveys=20")

    assert [line.split() for line in ended.out.splitlines()] == [
        ["level", "resource", "documents"],
        ["1", "schoolYearTypes", "15"],
        ["2", "surveys", "20"],
        ["total", "35"],
    ]


def test_a_rule_of_the_users_own_is_taken_and_a_broken_file_is_told(command, tmp_path):
    mine = tmp_path / "mine.py"
    mine.write_text(
        "from __future__ import annotations\n"
        "from dataclasses import dataclass\n"
        "from dms_load_test.generators import Rule\n"
        "@dataclass\n"
        "class Storm:\n"
        "    number: int\n"
        "GENERATORS = {'crisisEvents': lambda world: Rule(lambda n: {'crisisEventName': f'Storm {Storm(n).number}'})}\n"
    )
    broken = tmp_path / "broken.py"
    broken.write_text("GENERATORS = 1 / 0\n")

    ended = command("generate", "crisisEvents", "-n", "1", "--generators", str(mine))
    failed = command("plan", "--generators", str(broken))

    assert json.loads(ended.out) == {"crisisEventName": "Storm 0"}
    assert failed.code == 104
    assert "broken.py:1: ZeroDivisionError" in failed.err


def test_what_is_excluded_though_needed_is_told(command):
    ended = command("plan", "--resources", "studentSchoolAssociations", "--exclude", "students")

    assert ended.code == 104
    assert "studentSchoolAssociations refers to it" in ended.err
