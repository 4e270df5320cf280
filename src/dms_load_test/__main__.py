"""`python -m dms_load_test`, the same as the command."""

from dms_load_test.cli import main

if __name__ == "__main__":
    main()
