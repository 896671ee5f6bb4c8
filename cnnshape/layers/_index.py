"""Type → family. Written by `make generate`; do not edit."""

INDEX: dict[str, str] = {}
