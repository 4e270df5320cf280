"""An Ed-Fi API without a server at hand: the DMS contract on SQLite, driven by the data standard's schema."""

from dms_load_test.emulator.app import create_app
from dms_load_test.emulator.options import EmulatorOptions, base_url
from dms_load_test.emulator.process import RunningEmulator, start_emulator
from dms_load_test.emulator.server import serve

__all__ = ["EmulatorOptions", "RunningEmulator", "base_url", "create_app", "serve", "start_emulator"]
