"""DMS Load Test: realistic load for Ed-Fi APIs, and honest figures about how they took it."""

__version__ = "0.1.0"
