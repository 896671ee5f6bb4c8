"""Layers computed in NumPy, one file a family, forward and backward side by side."""
