"""Readers of snapshots and of what records hold: terminal, dashboard and report, comparison, files for other tools."""
