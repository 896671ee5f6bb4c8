"""A PyTorch file as a source of a model."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnnshape.graph import Graph
from cnnshape.sources.locate import Source
from cnnshape.sources.options import Options
from cnnshape.sources.spec.shape import UsageError
from cnnshape.sources.torch.path import Target, target_of

if TYPE_CHECKING:
    from cnnshape.analysis.sizes.accepted import AcceptedInputs


class TorchSource(Source):
    """`net.py`, `net.py:Net`, `net.py:Net(num_classes=10)`."""

    def graph(self, options: Options) -> Graph:
        from cnnshape.sources.torch.reader import Settings, read

        target = self._target(options)
        settled = self.demand.settled(options)
        settings = Settings(settled.texts, **settled.python)
        return self.demand.on(read(target, self.path, settings))

    @property
    def is_program(self) -> bool:
        """It is code that makes the model."""
        return True

    def graph_for(
        self,
        options: Options,
        graph: Graph,
        shapes: Mapping[str, Sequence[int]],
        *,
        training: bool = False,
    ) -> Graph:
        """The model traced anew for inputs of these shapes, with the values that it knows."""
        kinds = {item.name: item.dtype for item in graph.inputs}
        texts = {
            name: f"{','.join(map(str, shape))}:{kinds.get(name, 'float32')}"
            for name, shape in shapes.items()
        }
        python = {**options.python, "training": training, "values": True}
        return self.graph(options._replace(texts=texts, python=python))

    def accepted(self, options: Options, free: Collection[str] = ()) -> AcceptedInputs:
        """The sizes that the model accepts; UnreadableError where nothing could be checked."""
        from cnnshape.sources.torch.reader import Settings
        from cnnshape.sources.torch.sizes import accepted_sizes

        target = self._target(options)
        settled = self.demand.settled(options)
        settings = Settings(settled.texts, **settled.python)
        return accepted_sizes(target, self.path, settings, free)

    def _target(self, options: Options) -> Target:
        """The model that is meant; UsageError for options that are of no use with it."""
        target = target_of(self.path)
        assert target is not None
        if options.variables:
            name = next(iter(options.variables))
            raise UsageError(
                f"--set gives values to `vars` of model files; for {target.file} write what the "
                f"class takes, {target.file}:Net({name}=…)"
            )
        return target

    def is_model(self) -> bool:
        return True


def source_of(path: str) -> Source | None:
    """The source behind a PATH that names a Python file; None for any other PATH."""
    target = target_of(path)
    if target is None:
        return None
    place = Path(target.file)
    if not place.is_file():
        raise UsageError(f"no such file: {target.file[:200]}")
    return TorchSource(path, place.read_bytes)
