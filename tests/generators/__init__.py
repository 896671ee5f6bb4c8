"""What tests draw from: worked examples, faults, and random models."""
