"""Behaviour: one file per scenario, and the dict of all of them."""
