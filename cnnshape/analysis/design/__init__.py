"""Designs that fit and are still wrong: one file for rules of a kind, `registry` has them all."""
