"""Regularisation: layers that drop values in training and are the identity otherwise."""

from typing import ClassVar

from cnnshape.layer import Layer, Probability


class Dropout(Layer):
    """Sets values to 0 with probability p (Srivastava et al. 2014; PyTorch, Dropout)."""

    kernel: ClassVar = "cnnshape.kernels.regularisation"
    types: ClassVar = {"dropout": None, "alpha_dropout": None}
    torch: ClassVar = ("Dropout", "AlphaDropout")
    view: ClassVar = True

    p: Probability = 0.5
    inplace: bool = False


class DropoutChannels(Layer):
    """Sets whole channels to 0 with probability p (Tompson et al. 2015; PyTorch, Dropout2d)."""

    kernel: ClassVar = "cnnshape.kernels.regularisation"
    types: ClassVar = {"dropout1d": 1, "dropout2d": 2, "dropout3d": 3}
    torch: ClassVar = ("Dropout1d", "Dropout2d", "Dropout3d")
    view: ClassVar = True

    p: Probability = 0.5
    inplace: bool = False

    def ranks(self) -> tuple[int, ...]:
        """Any rank that has channels; PyTorch only warns of another number of axes."""
        return () if self.axes != 1 else (2, 3)


class DropPath(Layer):
    """Sets a whole branch to 0 for a sample with probability drop_prob (Huang et al. 2016)."""

    kernel: ClassVar = "cnnshape.kernels.regularisation"
    types: ClassVar = {"drop_path": None}
    view: ClassVar = True

    drop_prob: Probability = 0.0
