"""`pyproject.toml` and `cnnshape.toml`: what a project says of all its models."""
