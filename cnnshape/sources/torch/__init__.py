"""PyTorch source without PyTorch: the user's code runs, in a guarded child, on shapes alone."""
