"""What a run tells of itself before it begins."""

from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from dms_load_test.app.intent import intent_of, intent_to_resume
from dms_load_test.config import load_settings
from dms_load_test.results.events import ItemRow
from dms_load_test.scenarios.program import program_of

FILE = "API_BASE_URL=http://127.0.0.1:1/api\nCLIENT_ID=me\nCLIENT_SECRET=hush\nSPAWN_RATE=9\n"


def test_a_run_tells_of_names_without_effect_and_of_secrets_that_others_can_read(tmp_path):
    path = tmp_path / ".env.load-test"
    path.write_text(FILE)
    path.chmod(0o644)
    effective = load_settings(None, {}, {}, tmp_path)
    manifest = SimpleNamespace(seed=7, target="", program=((ItemRow("smoke", "smoke"),),))
    earlier = SimpleNamespace(folder=SimpleNamespace(run_id="run-1"), manifest=manifest, settings=lambda now: now)

    with ExitStack() as stack:
        begun = intent_of(effective, program_of(["smoke"]), stack)
    resumed = intent_to_resume(effective, earlier)

    assert any("SPAWN_RATE has no effect" in note for note in effective.warnings)
    assert begun.notes == effective.warnings
    assert resumed.notes == (*effective.warnings, "Goes on with run run-1, with its sizes and seed.")


@pytest.mark.parametrize("given", [{}, {"API_BASE_URL": "http://127.0.0.1:2/api"}])
def test_a_run_that_is_resumed_has_the_target_that_it_had_and_no_embedded_emulator(tmp_path, given):
    environment = {"CLIENT_ID": "me", "CLIENT_SECRET": "hush", **given}
    manifest = SimpleNamespace(seed=7, target="http://127.0.0.1:1/api", program=((ItemRow("smoke", "smoke"),),))
    earlier = SimpleNamespace(folder=SimpleNamespace(run_id="run-1"), manifest=manifest, settings=lambda now: now)

    resumed = intent_to_resume(load_settings(None, {}, environment, tmp_path), earlier)

    assert resumed.base_url == given.get("API_BASE_URL", manifest.target)
    assert resumed.settings.api_base_url == resumed.base_url
