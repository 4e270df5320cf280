"""What is to be sent and when, as values: executors, schedules, phases, shards. Pure arithmetic."""
