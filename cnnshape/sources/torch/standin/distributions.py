"""`torch.distributions`: what networks that choose or draw are made with."""

from __future__ import annotations

import math
from typing import Any

from cnnshape.sources.torch.standin.functions.creation import made
from cnnshape.sources.torch.standin.offer import FUNCTIONAL, TORCH, tensor_of
from cnnshape.sources.torch.standin.shape import Size, as_shape
from cnnshape.sources.torch.standin.tensor import Tensor
from cnnshape.sources.torch.standin.trace import UnsupportedError


def _together(*values: Any) -> list[Any]:
    """Parameters as tensors of one shape."""
    tensors = [
        tensor_of(one) if isinstance(one, Tensor) else tensor_of(float(one)) for one in values
    ]
    return list(TORCH["broadcast_tensors"](*tensors))


class Distribution:
    """A distribution over values of a shape, one for each sample of a batch."""

    batch_shape = Size()
    event_shape = Size()
    has_rsample = True

    def _shape(self, sample_shape: Any) -> Any:
        return (*as_shape((sample_shape,)), *self.batch_shape, *self.event_shape)

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.rsample(sample_shape).detach()

    def rsample(self, sample_shape: Any = ()) -> Any:
        raise NotImplementedError

    def log_prob(self, value: Any) -> Any:
        raise UnsupportedError(f"torch.distributions.{type(self).__name__}.log_prob")

    def entropy(self) -> Any:
        raise UnsupportedError(f"torch.distributions.{type(self).__name__}.entropy")


class Normal(Distribution):
    def __init__(self, loc: Any, scale: Any, validate_args: Any = None) -> None:
        self.loc, self.scale = _together(loc, scale)
        self.batch_shape = self.loc.shape

    mean = mode = property(lambda self: self.loc)
    stddev = property(lambda self: self.scale)
    variance = property(lambda self: self.scale**2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.loc + self.scale * made(self._shape(sample_shape), self.loc.dtype)

    def log_prob(self, value: Any) -> Any:
        within = (value - self.loc) ** 2 / (2 * self.variance)
        return -within - self.scale.log() - math.log(math.sqrt(2 * math.pi))

    def entropy(self) -> Any:
        return 0.5 + 0.5 * math.log(2 * math.pi) + self.scale.log()

    def cdf(self, value: Any) -> Any:
        return 0.5 * (1 + ((value - self.loc) / (self.scale * math.sqrt(2))).erf())


class Laplace(Normal):
    variance = property(lambda self: 2 * self.scale**2)
    stddev = property(lambda self: self.scale * math.sqrt(2))

    def log_prob(self, value: Any) -> Any:
        return -(2 * self.scale).log() - (value - self.loc).abs() / self.scale

    def entropy(self) -> Any:
        return 1 + (2 * self.scale).log()


class Uniform(Distribution):
    def __init__(self, low: Any, high: Any, validate_args: Any = None) -> None:
        self.low, self.high = _together(low, high)
        self.batch_shape = self.low.shape

    mean = property(lambda self: (self.high + self.low) / 2)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.low + made(self._shape(sample_shape), self.low.dtype) * (self.high - self.low)

    def log_prob(self, value: Any) -> Any:
        return (self.high - self.low).log() * -1 + value * 0

    def entropy(self) -> Any:
        return (self.high - self.low).log()


class Chosen(Distribution):
    """Given by probabilities or by what they are the softmax or sigmoid of."""

    has_rsample = False

    def __init__(self, probs: Any = None, logits: Any = None, validate_args: Any = None) -> None:
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        self._probs: Any = probs if probs is None else _together(probs)[0]
        self._logits: Any = logits if logits is None else _together(logits)[0]
        given: Any = self._probs if logits is None else self._logits
        self._shape_from(given.shape)

    def _shape_from(self, shape: Any) -> None:
        self.batch_shape = shape

    def rsample(self, sample_shape: Any = ()) -> Any:
        raise NotImplementedError

    def sample_n(self, n: int) -> Any:
        return self.sample((n,))


class Bernoulli(Chosen):
    @property
    def probs(self) -> Any:
        return self._probs if self._logits is None else self._logits.sigmoid()

    @property
    def logits(self) -> Any:
        return self._logits if self._probs is None else (self._probs / (1 - self._probs)).log()

    mean = property(lambda self: self.probs)
    variance = property(lambda self: self.probs * (1 - self.probs))

    def sample(self, sample_shape: Any = ()) -> Any:
        return (made(self._shape(sample_shape), None) < self.probs).to(self.probs.dtype)

    def log_prob(self, value: Any) -> Any:
        logits, value = TORCH["broadcast_tensors"](self.logits, tensor_of(value))
        return -FUNCTIONAL["binary_cross_entropy_with_logits"](logits, value, reduction="none")

    def entropy(self) -> Any:
        both = self.probs, 1 - self.probs
        return -sum(one * one.log() for one in both)


class Categorical(Chosen):
    def _shape_from(self, shape: Any) -> None:
        if not shape:
            raise ValueError("`probs` and `logits` must be at least one-dimensional.")
        self.batch_shape = shape[:-1]
        self._num_events = shape[-1]

    @property
    def probs(self) -> Any:
        if self._logits is None:
            return self._probs / self._probs.sum(-1, keepdim=True)
        return self._logits.softmax(-1)

    @property
    def logits(self) -> Any:
        return self._probs.log() if self._logits is None else self._logits.log_softmax(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        """The largest of the logits with Gumbel's noise."""
        noise = made((*as_shape((sample_shape,)), *self.batch_shape, self._num_events), None)
        return (self.logits - (-noise.log()).log()).argmax(-1)

    @property
    def mode(self) -> Any:
        return self.probs.argmax(-1)

    def log_prob(self, value: Any) -> Any:
        value = tensor_of(value).long().unsqueeze(-1)
        shape = TORCH["broadcast_shapes"](value.shape[:-1], self.batch_shape)
        logits = self.logits.expand(*shape, self._num_events)
        return logits.gather(-1, value.expand(*shape, 1)).squeeze(-1)

    def entropy(self) -> Any:
        return -(self.logits * self.probs).sum(-1)


class OneHotCategorical(Categorical):
    def _shape_from(self, shape: Any) -> None:
        super()._shape_from(shape)
        self.event_shape = shape[-1:]

    def sample(self, sample_shape: Any = ()) -> Any:
        return FUNCTIONAL["one_hot"](super().sample(sample_shape), self._num_events).to(
            self.probs.dtype
        )

    rsample = sample

    def log_prob(self, value: Any) -> Any:
        return (self.logits * value).sum(-1)


class Independent(Distribution):
    """Axes of the batch taken for axes of the values."""

    def __init__(
        self, base: Any, reinterpreted_batch_ndims: int, validate_args: Any = None
    ) -> None:
        count = reinterpreted_batch_ndims
        if count > len(base.batch_shape):
            raise ValueError(
                "Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), actual "
                f"{count} vs {len(base.batch_shape)}"
            )
        self.base_dist = base
        self._along = tuple(range(-count, 0))
        split = len(base.batch_shape) - count
        self.batch_shape = base.batch_shape[:split]
        self.event_shape = base.batch_shape[split:] + base.event_shape

    mean = property(lambda self: self.base_dist.mean)
    mode = property(lambda self: self.base_dist.mode)
    stddev = property(lambda self: self.base_dist.stddev)
    variance = property(lambda self: self.base_dist.variance)

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.rsample(sample_shape)

    def sample(self, sample_shape: Any = ()) -> Any:
        return self.base_dist.sample(sample_shape)

    def _summed(self, value: Any) -> Any:
        return value.sum(self._along) if self._along else value

    def log_prob(self, value: Any) -> Any:
        return self._summed(self.base_dist.log_prob(value))

    def entropy(self) -> Any:
        return self._summed(self.base_dist.entropy())


def kl_divergence(p: Any, q: Any) -> Any:
    """The divergence of two of a kind."""
    if isinstance(p, Independent) and isinstance(q, Independent):
        return p._summed(kl_divergence(p.base_dist, q.base_dist))
    if type(p) is type(q) is Normal:
        ratio = (p.scale / q.scale) ** 2
        return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())
    if isinstance(p, Categorical) and isinstance(q, Categorical):
        return (p.probs * (p.logits - q.logits)).sum(-1)
    if isinstance(p, Bernoulli) and isinstance(q, Bernoulli):
        pairs = ((p.probs, q.probs), (1 - p.probs, 1 - q.probs))
        return sum(one * (one / other).log() for one, other in pairs)
    raise UnsupportedError("torch.distributions.kl_divergence")


NAMES: dict[str, Any] = {
    one.__name__: one
    for one in (Distribution, Normal, Laplace, Uniform, Bernoulli, Categorical, OneHotCategorical,
                Independent, kl_divergence)
}  # fmt: skip
