"""What a convolutional network is, before you pay to train it."""
