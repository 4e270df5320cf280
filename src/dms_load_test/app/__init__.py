"""Composition: the one place where the rooms meet. Builds the objects of a run, runs it, and tears it down."""
