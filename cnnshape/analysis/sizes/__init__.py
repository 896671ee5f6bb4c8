"""Which sizes of its inputs a network accepts, and why not the others."""
