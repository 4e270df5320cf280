"""An Ed-Fi API to test against: pure rules, a SQLite store, a Starlette app."""
