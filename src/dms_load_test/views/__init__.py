"""Readers of snapshots and records: terminal, summary."""
