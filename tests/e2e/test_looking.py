"""Commands that only look."""

import json
import re


def test_config_shows_each_value_with_its_origin_and_masks_the_secret(command):
    (command.folder / ".env.load-test").write_text("CLIENT_ID=me\nCLIENT_SECRET=hush-hush # mine\n")
    ended = command("config", "--profile", "smoke", "--set", "STUDENT_COUNT=9", VUS_LOAD_PHASE="3")

    rows = {line.split()[0]: line for line in ended.out.splitlines()}
    assert ended.code == 0
    assert "9" in rows["STUDENT_COUNT"]
    assert "--set STUDENT_COUNT" in rows["STUDENT_COUNT"]
    assert "environment variable VUS_LOAD_PHASE" in rows["VUS_LOAD_PHASE"]
    assert "smoke.env, line" in rows["SCHOOL_COUNT"]
    assert ".env.load-test, line 2" in rows["CLIENT_SECRET"]
    assert "hush" not in ended.out


def test_profiles_are_listed_by_size_with_what_they_are_for(command):
    ended = command("profiles")

    assert [line.split()[0] for line in ended.out.splitlines()] == ["smoke", "dev", "staging", "prod"]


def test_a_profile_of_ones_own_is_a_file(command):
    folder = command.folder / ".env.profiles"
    folder.mkdir()
    (folder / "tiny.env").write_text("# One of each.\nSCHOOL_COUNT=1\n")

    assert re.search(r"^tiny +[\d,]+ students  One of each\.$", command("profiles").out, re.MULTILINE)
    assert "tiny.env, line 2" in command("config", "--profile", "tiny").out


def test_resources_come_by_level_and_school_years_first(command):
    ended = command("resources")

    levels = {line.split()[1]: int(line.split()[0]) for line in ended.out.splitlines()}
    assert len(levels) == 138
    assert levels["schoolYearTypes"] == 1
    assert levels["schools"] < levels["sessions"] < levels["courseOfferings"] < levels["sections"]
    assert levels["students"] < levels["studentSchoolAssociations"] < levels["studentSectionAssociations"]


def test_a_targets_resources_are_the_ones_it_serves(command, server):
    embedded = command("resources")
    ended = command("resources", "--target", server.base_url)

    assert (ended.code, ended.out) == (0, embedded.out)


def test_the_graph_is_for_graphviz(command):
    ended = command("resources", "--graph", "dot")

    assert ended.out.startswith("digraph")
    assert '"students" -> "studentSchoolAssociations"' in ended.out


def test_documents_are_json_lines_from_the_ordinal_asked_for(command):
    ended = command("generate", "schools", "-n", "3", "--first", "4", "--profile", "dev")
    whole = command("generate", "schools", "-n", "7", "--profile", "dev")

    assert ended.out.splitlines() == whole.out.splitlines()[4:]
    assert all("nameOfInstitution" in json.loads(line) for line in ended.out.splitlines())


def test_the_emulator_says_how_to_try_it(command):
    process = command.start("emulator", "--port", "0")
    told = []
    while not told or not told[-1].startswith("Ctrl-C"):
        told.append(process.stdout.readline())
        assert told[-1], "it ended without saying"
    process.terminate()
    _, err = process.communicate(timeout=20)

    assert "http://127.0.0.1:" in told[0]
    assert any("curl" in line for line in told)
    assert err == "dms-load-test: interrupted\n"


def test_the_version_is_told(command):
    assert command("--version").out.startswith("dms-load-test ")
