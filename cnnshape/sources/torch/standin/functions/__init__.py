"""Functions on tensors, as `torch`, `torch.nn.functional` and tensors' methods offer them."""
