"""The run on disk: record, inventory, run folder."""
