"""Rooms import downwards only, and the core knows no socket, clock or loop: the contracts are in pyproject.toml."""

from importlinter.cli import lint_imports


def test_every_import_contract_is_kept(root, capsys, monkeypatch):
    monkeypatch.chdir(root)

    exit_code = lint_imports(config_filename=str(root / "pyproject.toml"), no_cache=True)

    assert exit_code == 0, capsys.readouterr().out
