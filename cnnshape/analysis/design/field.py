"""Rules of what layers see of the input: `field-exceeds-input`, `field-too-small`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cnnshape.analysis.design.finding import listed, note_at, sizes, warning_at
from cnnshape.analysis.design.subject import Subject
from cnnshape.analysis.fields import Fields, receptive_fields
from cnnshape.analysis.receptive_field import Reach
from cnnshape.analysis.walk import Applied
from cnnshape.diagnostics import Diagnostic, Label
from cnnshape.graph import Claim

Sizes = dict[str, tuple[int, ...]]
"""Input → its spatial sizes."""


def field_exceeds_input(subject: Subject) -> Iterator[Diagnostic]:
    """Convolutions that have seen all of the input before (Richter et al. 2021, border layer).

    Of several ways to a layer the one counts that sees least: it brings something that is not yet
    integrated (there, section 4 on several pathways).
    """
    given = subject.input_sizes
    widening = [applied for applied in subject.applied.values() if _widens(applied)]
    if not any(_exceeded(subject.fields, applied, given) for applied in widening):
        return
    narrow = receptive_fields(subject.taken, union=_narrower)[0]
    found = [applied for applied in widening if _exceeded(narrow, applied, given)]
    if found:
        first = found[0]
        source = _exceeded(narrow, first, given)
        seen = sizes(reach.size for reach in narrow[first.node.inputs[0]][source])
        whole = sizes(given[source])
        yield note_at(
            "field-exceeds-input",
            first.node,
            f"reads values that see {seen}, more than the whole input of {whole}: it adds no "
            "context any more",
            notes=[
                f"so it is for {len(found)} of {len(widening)} layers with a kernel: "
                f"{listed(applied.node.name for applied in found)}",
            ],
            help="leave such layers out, take larger inputs, or make the first strides smaller",
        )


def _widens(applied: Applied) -> bool:
    """Whether a layer with weights sees more than its input does."""
    layer = applied.layer
    return layer.linear and any(slide.extent > 1 for slide in layer.slides(applied.x[0]))


def _exceeded(fields: Mapping[str, Fields], applied: Applied, given: Sizes) -> str:
    """The input that what arrives sees more than all of, along every axis; empty: none."""
    for source, reaches in fields.get(applied.node.inputs[0], {}).items():
        pairs = zip(reaches, given[source], strict=True)
        if reaches and all(r.axis is not None and r.size > size for r, size in pairs):
            return source
    return ""


def _narrower(one: Reach, other: Reach, outputs: int) -> tuple[Reach, bool]:
    """The branch that sees less; one that sees everything by a single value is none."""
    if None in (one.axis, other.axis):
        return (other if one.axis is None else one), True
    return min(one, other, key=lambda reach: reach.size), True


def field_too_small(subject: Subject) -> Iterator[Diagnostic]:
    """The last features see less than a limit asks, though the output behind them sees all."""
    given = subject.input_sizes
    for claim in subject.graph.limits:
        if claim.figure == "receptive_field" and claim.bound in (">=", ">"):
            features = list(_last_features(subject))
            for source in given if features else ():
                yield from _too_small(subject, claim, features, source, given[source])


def _last_features(subject: Subject) -> Iterator[Applied]:
    """Layers whose outputs see parts of an input, and which are read by what sees all of it."""
    for name, applied in subject.applied.items():
        if name in subject.live and _walks(subject.fields.get(name, {})):
            readers = subject.readers.get(name, [])
            if any(not _walks(subject.fields.get(reader.name, {})) for reader in readers):
                yield applied


def _walks(fields: Fields) -> bool:
    return any(reach.axis is not None for reaches in fields.values() for reach in reaches)


def _too_small(
    subject: Subject, claim: Claim, features: list[Applied], source: str, given: tuple[int, ...]
) -> Iterator[Diagnostic]:
    """One finding, at the features that see most."""
    seen = {
        applied.node.name: tuple(reach.size for reach in subject.fields[applied.node.name][source])
        for applied in features
        if source in subject.fields[applied.node.name]
    }
    if not seen or not given:
        return
    name = max(seen, key=lambda name: min(seen[name]))
    least = int(claim.value) + (claim.bound == ">")  # type: ignore[call-overload]
    if min(seen[name]) >= least or least > min(given):  # beyond the input: limit-exceeded
        return
    node = subject.applied[name].node
    label = () if claim.span is None else (Label(claim.span, f"at least {least} is asked"),)
    yield warning_at(
        "field-too-small",
        node,
        f"gives the last features, which see {sizes(seen[name])} of {sizes(given)}, "
        f"but a limit asks for {least}",
        labels=label,
        notes=["the output behind them sees all of the input, from features that do not"],
        help="add layers, larger kernels, dilation or strides before it",
    )
