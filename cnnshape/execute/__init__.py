"""Runs a graph in NumPy, forward and backward, and holds what it sees against the analysis."""
