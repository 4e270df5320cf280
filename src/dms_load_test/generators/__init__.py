"""Documents as a pure function of (seed, resource, ordinal)."""
