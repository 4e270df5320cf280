"""Counts and times of requests, folded: histograms, snapshots, thresholds. Pure."""
