"""The Python API: load a model, check it, ask for its shapes."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from cnnshape.analysis.analyse import analyse
from cnnshape.analysis.result import Analysis
from cnnshape.diagnostics import Diagnostic, ModelError, UnreadableError
from cnnshape.graph import Graph
from cnnshape.layer import Shape
from cnnshape.sources.demand import is_spoken_to
from cnnshape.sources.locate import Source, locate
from cnnshape.sources.options import Options
from cnnshape.sources.spec.plain import from_mapping
from cnnshape.sources.spec.reader import read
from cnnshape.sources.spec.shape import UsageError, Written, shape_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from cnnshape.analysis.sizes.accepted import AcceptedInputs
    from cnnshape.execute.run import Result
    from cnnshape.training.fit import Inputs, Trained

ShapeLike = str | Sequence[int | str]


class CheckedModel(Analysis):
    """An analysis that a notebook shows as its table."""

    def _repr_html_(self) -> str:
        from cnnshape.report.html import as_html

        return as_html(self)


class Model:
    """A network that was read; it need not hold."""

    def __init__(
        self, graph: Graph, source: Source | None = None, options: Options | None = None
    ) -> None:
        self.graph = graph
        self._source = source
        self._options = options or Options()
        self._analysis: CheckedModel | None = None

    @property
    def name(self) -> str:
        """The model's name."""
        return self.graph.name

    def check(self) -> CheckedModel:
        """Everything that is known of the model: `.ok`, `.diagnostics`, `.layers`, `.totals`."""
        if self._analysis is None:
            self._analysis = CheckedModel(*self._told())
        return self._analysis

    def _told(self) -> Analysis:
        """All that is found, less what the file's comments ask not to tell."""
        analysis = analyse(self.graph)
        if not is_spoken_to(analysis.texts):
            return analysis
        from cnnshape.sources.suppression import judged, silenced

        (told,) = judged([silenced(analysis)])
        return told

    def accepted_inputs(self, *, free: Collection[str] = ()) -> AcceptedInputs:
        """Every input size that the model accepts: `.accepts(H=350, W=525)`, `.smallest`, ….

        The spatial axes are named H, W, … where the model gives numbers; `free` names more of them:
        "C" for the channels. Raises ModelError for a model that could not be read whole.
        """
        from cnnshape.analysis.sizes.accepted import accepted_inputs

        if self._source is not None and self._source.is_program:
            return self._source.accepted(self._options, free)
        errors = [item for item in self.graph.findings if item.severity == "error"]
        if errors:
            raise ModelError(errors)
        return accepted_inputs(self.graph, free)

    def output_shape(self, layer: str | None = None) -> Shape:
        """A layer's output shape, `("N", 10)` for (N, 10); by default that of the first output.

        Raises ModelError where there is no such layer, or a fault leaves its shape unknown.
        """
        analysis = self.check()
        shapes = {**analysis.inputs, **{item.name: item.output_shape for item in analysis.layers}}
        name = next(iter(analysis.outputs), None) if layer is None else layer
        shape = shapes.get(name) if name is not None else None
        if shape is None:
            known = (
                f"the shape of `{name}` is not known" if name in shapes else f"no layer `{name}`"
            )
            errors = [item for item in analysis.diagnostics if item.severity == "error"]
            raise ModelError(errors or [Diagnostic("unknown-reference", known, layer=layer)])
        return tuple("N" if str(size) == "N" else size for size in shape)  # type: ignore[misc]

    def run(
        self,
        inputs: Mapping[str, ArrayLike],
        *,
        weights: Mapping[str, ArrayLike] | None = None,
        output_gradients: Mapping[str, ArrayLike] | None = None,
        target: ArrayLike | None = None,
        training: bool = False,
        seed: int = 0,
        fast: bool = False,
    ) -> Result:
        """The network computed in NumPy, forward and backward, in the precision of its inputs.

        Weights and buffers are called `<layer>.<parameter>`; those not given are drawn from the
        seed as PyTorch would. The backward pass begins with `output_gradients`, by layers' names;
        without them with the model's `loss`, and without one with random gradients of the outputs.
        `fast` allows convolutions that are faster and less accurate. Raises CnnshapeError where the
        model does not hold or cannot be run as asked.
        """
        from cnnshape.execute.run import run

        graph = self.graph
        if self._source is not None and self._source.is_program:
            import numpy as np

            shapes = {name: np.shape(x) for name, x in inputs.items()}
            graph = self._source.graph_for(self._options, self.graph, shapes, training=training)
        return run(
            graph,
            inputs,
            weights=weights,
            output_gradients=output_gradients,
            target=target,
            training=training,
            seed=seed,
            fast=fast,
        )

    def train(
        self,
        x: Inputs,
        y: ArrayLike,
        *,
        valid: tuple[Inputs, ArrayLike] | None = None,
        **options: Any,
    ) -> Trained:
        """The network trained on samples: its `.history`, and the `.weights` that `run` takes.

        `options` are the command line's: `epochs`, `batch_size`, `optimiser`, `lr`, `momentum`,
        `nesterov`, `weight_decay`, `split`, `patience`, `seed`, `scale`. Raises CnnshapeError where
        the model does not hold, the data do not fit it, or its loss is no number.
        """
        from cnnshape.training.fit import fit

        return fit(self.graph, x, y, valid, options)


def load(
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    input: ShapeLike | Mapping[str, ShapeLike] | None = None,
    vars: Mapping[str, Any] | None = None,
    training: bool = False,
    timeout: float = 60.0,
    trust: bool = False,
) -> Model:
    """Read a model: a path, a bundled name, or a mapping that is a model file as data.

    `input` gives inputs other shapes, `vars` gives variables other values, as the command line's
    `--input` and `--set` do. `training`, `timeout` and `trust` are those of PyTorch source, whose
    code is run: `--train`, `--timeout`, `--trust`. Raises UnreadableError for what is no model; a
    model with faults loads, and `check()` tells them.
    """
    try:
        if isinstance(source, Mapping):
            return Model(read(from_mapping(source), Options(dict(vars or {}), _shapes(input))))
        sources = locate(os.fspath(source))
        if len(sources) > 1 or sources[0].found:
            raise UsageError(f"{source} is a folder; name one model file")
        if sources[0].is_program:
            python = {"training": training, "seconds": timeout, "trusted": trust}
            options = Options(dict(vars or {}), texts=_texts(input), python=python)
        else:
            options = Options(dict(vars or {}), _shapes(input))
        return Model(sources[0].graph(options), sources[0], options)
    except UsageError as error:
        raise UnreadableError([Diagnostic("invalid-value", str(error))]) from None


def _texts(given: ShapeLike | Mapping[str, ShapeLike] | None) -> dict[str | int, str]:
    """Shapes as `--input` writes those of PyTorch source."""
    if given is None:
        return {}
    named = given if isinstance(given, Mapping) else {0: given}
    return {
        name: sizes if isinstance(sizes, str) else ",".join(map(str, sizes))
        for name, sizes in named.items()
    }


def _shapes(
    given: ShapeLike | Mapping[str, ShapeLike] | None,
) -> dict[str | int, tuple[Written, ...]]:
    if given is None:
        return {}
    if isinstance(given, Mapping):
        return {name: shape_of(sizes) for name, sizes in given.items()}
    return {0: shape_of(given)}
