"""The API as data: discovery, dependencies, OpenAPI, and the embedded data standard. No I/O here."""
