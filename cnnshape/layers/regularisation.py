"""Regularisation: layers that drop values in training and are the identity otherwise."""

from math import prod
from typing import ClassVar

from cnnshape.layer import Kept, Layer, Probability, Shape, Size


class Dropping(Layer):
    """A layer that is a view of its input, but in training one that drops."""

    view: ClassVar = True

    @property
    def rate(self) -> float:
        """The probability of being dropped."""
        return float(vars(self)["p"])

    def keeps(self, y: Shape, x: Shape, *others: Shape) -> Kept:
        """A mask: what passes is a product with it."""
        return Kept(bytes=self.mask(x)) if self.rate else Kept()

    def mask(self, x: Shape) -> Size:
        """The bytes of the mask: one a value (PyTorch on a GPU)."""
        return prod(x)

    def shares_input(self, *, training: bool) -> bool:
        return not training or not self.rate or bool(vars(self).get("inplace"))


class Dropout(Dropping):
    """Sets values to 0 with probability p (Srivastava et al. 2014; PyTorch, Dropout)."""

    kernel: ClassVar = "cnnshape.kernels.regularisation"
    types: ClassVar = {"dropout": None, "alpha_dropout": None}
    torch: ClassVar = ("Dropout", "AlphaDropout")

    p: Probability = 0.5
    inplace: bool = False


class DropoutChannels(Dropping):
    """Sets whole channels to 0 with probability p (Tompson et al. 2015; PyTorch, Dropout2d)."""

    kernel: ClassVar = "cnnshape.kernels.regularisation"
    types: ClassVar = {"dropout1d": 1, "dropout2d": 2, "dropout3d": 3}
    torch: ClassVar = ("Dropout1d", "Dropout2d", "Dropout3d")

    p: Probability = 0.5
    inplace: bool = False

    def mask(self, x: Shape) -> Size:
        """One value a channel."""
        return 4 * prod(x[:2])

    def ranks(self) -> tuple[int, ...]:
        """Any rank that has channels; PyTorch only warns of another number of axes."""
        return () if self.axes != 1 else (2, 3)


class DropPath(Dropping):
    """Sets a whole branch to 0 for a sample with probability drop_prob (Huang et al. 2016)."""

    kernel: ClassVar = "cnnshape.kernels.regularisation"
    types: ClassVar = {"drop_path": None}

    drop_prob: Probability = 0.0

    @property
    def rate(self) -> float:
        return self.drop_prob

    def mask(self, x: Shape) -> Size:
        """One value a sample."""
        return 4 * x[0]
