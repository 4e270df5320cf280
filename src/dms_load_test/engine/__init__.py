"""The load generator at work: HTTP client, shared token, virtual users, executors."""
