"""Rules of where windows begin and end: `pixels-dropped`, `same-differs`."""

from __future__ import annotations

from collections.abc import Iterator

from cnnshape.analysis.design.finding import counted, listed, note_at, sizes, warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.walk import Applied
from cnnshape.diagnostics import Diagnostic
from cnnshape.layer import per_axis_formulas
from cnnshape.window import Slide

NOUNS = {1: ("value",), 2: ("row", "column"), 3: ("plane", "row", "column")}


def pixels_dropped(subject: Subject) -> Iterator[Diagnostic]:
    """Strides that do not tile, so that rows or columns are read by no layer (Dumoulin 2016)."""
    by_all: dict[str, list[int]] = {}
    for applied, slides in subject.sliding:
        source = applied.node.inputs[0]
        if source in subject.graph.outputs or not any(slide.left_over() for slide in slides):
            continue
        if source not in by_all:
            readers = [_lost_by(subject, reader.name) for reader in subject.readers[source]]
            alike = all(len(lost) == len(slides) for lost in readers)
            by_all[source] = list(map(min, zip(*readers, strict=True))) if alike else []
        if any(by_all[source]):
            yield _dropped(applied, slides, by_all[source])


def _lost_by(subject: Subject, name: str) -> list[int]:
    """What a reader leaves over along each axis; empty: it has no kernel."""
    applied = subject.applied[name]
    return [slide.left_over() for slide in applied.layer.slides(applied.x[0])]


def _dropped(applied: Applied, slides: list[Slide], lost: list[int]) -> Diagnostic:
    nouns = NOUNS[len(slides)]
    words = [counted(n, noun) for n, noun in zip(lost, nouns, strict=True) if n]
    texts = [
        f"{slide.formula()}, the last window ends {n} before the end of {slide.size}" if n else
        slide.formula() for slide, n in zip(slides, lost, strict=True)
    ]  # fmt: skip
    strides = [slide.stride - n for slide, n in zip(slides, lost, strict=True) if n]
    ceil = "set `ceil_mode`" if hasattr(applied.layer, "ceil_mode") else ""
    pad = f"pad the far edge by {' and '.join(map(str, dict.fromkeys(strides)))}"
    other = "choose an input that leaves nothing over (`cnnshape inputs` lists them)"
    return warning_at(
        "pixels-dropped",
        applied.node,
        f"drops {' and '.join(words)} of {sizes(slide.size for slide in slides)}: "
        "no window reaches them",
        field="stride" if "stride" in applied.node.place.fields else "kernel_size",
        notes=[f"{axis}: {text}" for axis, text in per_axis_formulas(texts)],
        help=f"{ceil or pad}, or {other}",
    )


def same_differs(subject: Subject) -> Iterator[Diagnostic]:
    """Padding that is chosen by the size, and uneven: PyTorch has no such, with a stride.

    Keras and ONNX's SAME_UPPER put the odd value behind, SAME_LOWER before; PyTorch's `padding` is
    the same on both sides (and its "same" takes no stride).
    """
    uneven = [
        (applied, slide)
        for applied, slides in subject.sliding
        for slide in [next(filter(_is_uneven, slides), None)]
        if slide is not None
    ]
    if not uneven:
        return
    applied, slide = uneven[0]
    others = list(dict.fromkeys(item.node.name for item, _ in uneven[1:]))
    half = (slide.extent - 1) // 2
    notes = [
        f"{slide.formula()}, with a stride of {slide.stride}",
        f"PyTorch's `padding: {half}` begins {_places(half - slide.before)}",
        *([f"the same holds for {listed(others)}"] if others else ()),
    ]
    lower = slide.before > slide.after
    yield note_at(
        "same-differs",
        applied.node,
        f"pads {slide.before} before and {slide.after} after, as "
        + ("ONNX's SAME_LOWER does; Keras has it the other way round, " if lower else
           "Keras and ONNX do; ")
        + "PyTorch pads both sides alike",
        field="padding",
        notes=notes,
        help="for PyTorch, pad in a layer of its own before it",
    )  # fmt: skip


def _is_uneven(slide: Slide) -> bool:
    """Whether frameworks differ; behind, at stride 1, all put the odd value."""
    if not slide.same or slide.before == slide.after:
        return False
    return slide.stride > 1 or slide.before > slide.after


def _places(shift: int) -> str:
    return (
        "at the same place"
        if not shift
        else f"{counted(abs(shift), 'place')} " + ("earlier" if shift > 0 else "later")
    )
