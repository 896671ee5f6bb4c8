"""PyTorch source: a user's file run against a stand-in for torch that knows shapes alone."""
