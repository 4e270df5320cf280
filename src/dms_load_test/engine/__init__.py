"""The load generator: HTTP client, shared token, Ed-Fi verbs, and executors that run virtual users."""
