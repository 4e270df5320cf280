"""`python -m dms_load_test.emulator`: the child that `start_emulator` starts; people use `dms-load-test emulator`."""

from dms_load_test.emulator.process import run_child

run_child()
