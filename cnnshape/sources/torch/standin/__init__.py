"""A stand-in for torch: modules, functions and tensors that know shapes, and record a graph."""
