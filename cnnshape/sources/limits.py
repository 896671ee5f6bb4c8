"""How much of a source is read."""

LARGEST_FILE = 16 * 2**20
"""No model file has more bytes; what is longer is refused when it is read."""
