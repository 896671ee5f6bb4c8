"""Values that a mask keeps: how many there are, only the real computation tells.

Such a tensor has the size that it has where all are kept, along its first axis, and remembers by
which mask. What is done to its values, row by row, gives such a tensor again; a sum over all gives
an ordinary one; it goes back to where it came from by the same mask. Anything else is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cnnshape.sources.torch.standin.trace import SESSION, UnsupportedError

if TYPE_CHECKING:
    from cnnshape.sources.torch.standin.tensor import Tensor

COUNT = "how many values it keeps depends on values that only the real computation gives"
BY_VALUE = ("activation", "pointwise", "regularisation", "merge", "broadcast", "distance")
BY_ROW = ("linear", "functional_linear", "layer_norm", "rms_norm", "softmax", "log_softmax",
          "softmin", "glu", "sort", "argsort", "topk", "topk_indices",
          "embedding", "functional_embedding", "one_hot", "normalize", "cumsum")  # fmt: skip
WRITING = ("assign_at", "scatter")


def key_of(mask: Tensor) -> Any:
    """The same for masks that are computed alike."""
    trace = SESSION.trace
    if trace is None or mask.name is None:
        return id(mask)
    for recorded in reversed(trace.nodes):
        node = recorded.node
        if node.name == mask.name:
            return node.type, id(node.layer), node.inputs
    return mask.name


def kept_by(type_name: str, layer: Any, operands: Sequence[Tensor], shape: Sequence[Any]) -> Any:
    """The mask by which what an operation gives is kept; UnsupportedError where none is told."""
    masks = dict.fromkeys(one.kept for one in operands if one.kept is not None)
    if not masks:
        return None
    key = next(iter(masks))
    if len(masks) == 1 and type_name in WRITING and operands[0].kept is None:
        return None
    if len(masks) == 1:
        if type_name == "take_index" and operands[0].kept is None and layer.items[0] == "tensor":
            return key
        if type_name == "index_select" and operands[0].kept is None and layer.dim == 0:
            return key
        family = type(layer).__module__.rpartition(".")[2]
        if family == "reduction":
            return _reduced(layer, operands[0], key)
        if _by_rows(type_name, family, layer, operands, shape):
            return key
    raise UnsupportedError("indexing by a mask", COUNT)


def _reduced(layer: Any, x: Tensor, key: Any) -> Any:
    dim = getattr(layer, "dim", None)
    dims = dim if isinstance(dim, tuple) else (dim,)
    return None if dim is None or 0 in (one % x.ndim for one in dims) else key


def _by_rows(
    type_name: str, family: str, layer: Any, operands: Sequence[Tensor], shape: Any
) -> bool:
    """Whether every row comes from the rows of the same place."""
    rank = len(shape)
    if type_name == "concat" and (
        layer.dim % rank == 0 or any(one.kept is None for one in operands)
    ):
        return False
    if type_name in ("index", "unsqueeze", "squeeze"):
        return _keeps_rows(type_name, layer, tuple(operands[0].shape))
    if family not in BY_VALUE and type_name not in BY_ROW:
        return False
    if getattr(layer, "dim", None) in (0, -rank):
        return False
    others = (one for one in operands if one.kept is None and not one.is_parameter)
    return all(len(one.shape) < rank or one.shape[0] == 1 for one in others)


def _keeps_rows(type_name: str, layer: Any, shape: tuple[Any, ...]) -> bool:
    """Whether the first axis stays the first, with all that it has."""
    if type_name == "index":
        return bool(layer.items and layer.items[0] == (None, None, None))
    if type_name == "unsqueeze":
        return bool(layer.place(shape) != 0)
    return 0 not in layer.dropped(shape)


def check_output(tensor: Tensor) -> None:
    """A model that gives what a mask keeps gives a shape that cannot be told."""
    if tensor.kept is not None:
        raise UnsupportedError("indexing by a mask", COUNT)
