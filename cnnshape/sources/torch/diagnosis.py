"""From what went wrong in user code to diagnostics at its lines."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from typing import Any

from cnnshape.analysis.faults import origin_of
from cnnshape.analysis.origin import Origin, trace
from cnnshape.analysis.spelling import spelled
from cnnshape.analysis.walk import Fault, Walk, walk
from cnnshape.diagnostics import Diagnostic, Fix, Label, Span
from cnnshape.graph import Graph, Held, Node, Place
from cnnshape.layer import show
from cnnshape.sources.torch.assembly import fields_of, order_of
from cnnshape.sources.torch.attributes import attributes, computed
from cnnshape.sources.torch.loading.frames import error_stack
from cnnshape.sources.torch.places import (
    Written,
    arguments_of,
    assigned,
    chain,
    definition,
    origins,
    own,
    span_of,
)
from cnnshape.sources.torch.standin.module import Module
from cnnshape.sources.torch.standin.stack import Stack, is_foreign
from cnnshape.sources.torch.standin.trace import SESSION, ShapeError, UnsupportedError

MOST_CALLERS = 4
MOST_LABELS = 8


def of_shape(error: ShapeError, graph: Graph, model: Module | None) -> Diagnostic:
    """A rule that does not hold: at the call, with notes at what was made of which numbers."""
    node = error.fault.node
    place = Place(span_of(error.where), fields_of(node.type, error.made))
    placed = node._replace(place=place)
    taken = walk(graph._replace(nodes=(*graph.nodes, placed)))
    same = (fault for fault in taken.faults if fault.node.name == node.name)
    again = next(same, None) if node.layer is not None and node.inputs else None
    fault = again or error.fault._replace(node=placed)
    origin = origin_of(taken, fault) if fault.node.layer is not None else Origin()
    made_when = error.where == error.made
    labels = [
        *_made(fault, error, place.span),
        *origin.labels,
        *_carried(origin.labels, error),
        *_brought_in(graph, fault),
        *_arrived(graph, taken, fault),
        *_mixed(),
        *(_assigned(error.where) if fault.error.field is None or made_when else ()),
        *(_set(error.where) if not error.made else ()),
        *_producers(fault, error),
    ]
    callers = [] if made_when else _callers(error.where)
    fix, unfixed = _fix(fault, error, model)
    return Diagnostic(
        fault.error.rule,
        f"`{node.name}` {fault.error.message}",
        layer=node.name,
        span=place.span,
        caption=_caption(fault),
        labels=tuple(_once(labels, place.span))[:MOST_LABELS],
        notes=(*origin.notes, *([fault.error.note] if fault.error.note else ()), *callers),
        help=_help(fault, fix),
        expected=fault.error.expected,
        found=fault.error.found,
        fix=fix,
        unfixed=unfixed,
    )


def _caption(fault: Fault) -> str | None:
    if fault.error.rule == "size-mismatch" and fault.arrived is not None:
        return f"{fault.arrived} arrive{'s' if fault.arrived == 1 else ''} here"
    return None


def _made(fault: Fault, error: ShapeError, called: Span | None) -> Iterable[Label]:
    """Where the layer was made: the argument at fault, and where its value came from."""
    if not error.made:
        return
    field = fault.error.field
    written = arguments_of(error.made, order_of(fault.node.type))
    value = written.get(field) if field else None
    if value is None or field is None:
        for span, _ in chain(error.made)[:3]:
            if span != called:
                yield Label(span, f"`{fault.node.name}` is made here")
        return
    number = getattr(fault.node.layer, field, fault.error.found)
    other = written.get(fault.error.against or "")
    if other is not None and fault.node.layer is None:
        yield Label(other.span, f"`{fault.error.against}` is here")
    yield Label(value.span, f"`{field}` is {_shown(number)} here{_wanted(fault)}")
    for name, span in computed(error.made[value.frame :], value.expression):
        yield Label(span, f"`{name}` comes from here")
    steps = origins(error.made, value)
    for step in steps:
        yield Label(step.span, f"{_shown(number)} comes from here")
    outer = steps[-1].frame if steps else value.frame
    for span, _ in chain(error.made)[outer + 1 : outer + 3]:
        yield Label(span, f"`{fault.node.name}` is made here")


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _wanted(fault: Fault) -> str:
    expected = fault.error.expected
    return f", expected {expected}" if fault.error.rule == "size-mismatch" and expected else ""


def _arrived(graph: Graph, taken: Walk, fault: Fault) -> Iterable[Label]:
    """Where what arrives was computed last, and where its features were decided."""
    places = {node.name: node.place.span for node in graph.nodes}
    for name in dict.fromkeys(fault.node.inputs):
        span, shape = places.get(name), taken.shapes.get(name)
        if span is not None and shape is not None:
            yield Label(span, f"gives {show(shape)}")
            if fault.error.rule in ("bad-reshape", "bad-groups") and len(shape) > 1:
                yield from trace(taken, name, 1).labels


def _mixed() -> Iterable[Label]:
    """Views on the way that mixed the samples of a batch."""
    for shape, where, wanted in SESSION.last.warned if SESSION.last else ():
        span = span_of(where)
        if span is not None:
            yield Label(span, f"mixes the samples: {show(shape)} as {show(wanted)}")


def _set(where: Stack) -> Iterable[Label]:
    """Where the model's attributes in the statement got what they hold."""
    return [Label(span, f"`{name}` comes from here") for name, span in attributes(where)]


def _producers(fault: Fault, error: ShapeError) -> Iterable[Label]:
    """Where the modules were made whose outputs do not fit, where no argument is at fault."""
    if fault.error.field is not None:
        return
    nodes = {recorded.node.name: recorded for recorded in error.recorded}
    for name in dict.fromkeys(fault.node.inputs):
        found = nodes.get(name)
        while found is not None and not found.made and found.node.inputs:
            found = nodes.get(found.node.inputs[0])
        if found is not None and found.made:
            yield Label(chain(found.made)[0][0], f"`{found.node.name}` is made here")


def _assigned(where: Stack, *, through_names: bool = False) -> Iterable[Label]:
    """Where the names and the model's attributes in the statement got what they hold."""
    found = [*assigned(where), *attributes(where, through_names=through_names)]
    return [Label(span, f"`{name}` comes from here") for name, span in found]


def _carried(labels: Iterable[Label], error: ShapeError) -> Iterable[Label]:
    """Where numbers came from that parameters carried to the places of labels."""
    wanted = {(label.span, label.text.split(" ")[0]): label.text for label in labels}
    for recorded in reversed(error.recorded):
        if not recorded.made or not wanted:
            continue
        arguments = arguments_of(recorded.made, order_of(recorded.node.type))
        for field, value in arguments.items():
            key = (value.span, _shown(getattr(recorded.node.layer, field, None)))
            text = wanted.pop(key, None)
            for step in origins(recorded.made, value) if text else ():
                yield Label(step.span, f"{text}".replace(" from here", " come from here"))


def _brought_in(graph: Graph, fault: Fault) -> Iterable[Label]:
    """Where parameters and constants among the operands were made, or their kind of number."""
    spans = {item.name: item for item in graph.held}
    if fault.error.rule == "dtype-mismatch":
        for item in _behind(graph, fault.node):
            if item.dtype == str(fault.error.found) and item.span is not None:
                yield Label(_first(item) or item.span, f"{item.dtype} comes from here")
    for name in fault.node.inputs:
        held = spans.get(name)
        if held is not None and held.span is not None:
            shape = ", ".join(map(str, held.shape))
            yield Label(held.span, f"`{name}` is ({shape})")


def _first(item: Held) -> Span | None:
    """Where what a constant was worked out from was made."""
    held = SESSION.last.held.get(item.name) if SESSION.last else None
    return span_of(held[0].came) if held and held[0].came else None


def _behind(graph: Graph, node: Node) -> Iterable[Held]:
    """What the model itself brought in, on any way to a layer."""
    nodes = {one.name: one for one in graph.nodes}
    held = {one.name: one for one in graph.held}
    waiting, seen = list(node.inputs), set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in held:
            yield held[name]
        elif name in nodes:
            waiting += nodes[name].inputs


def _once(labels: Iterable[Label], called: Span | None) -> list[Label]:
    texts: dict[Span, dict[str, None]] = {}
    for label in labels:
        if label.span != called:
            texts.setdefault(label.span, {})[label.text] = None
    return [Label(span, "; ".join(own_texts)) for span, own_texts in texts.items()]


def _callers(where: Stack) -> list[str]:
    """The lines of user code through which the innermost one was reached."""
    found = []
    for span, function in chain(where)[1 : 1 + MOST_CALLERS]:
        found.append(f"called from {function} at {span.file}:{span.line}:{span.column}")
    return found


def _fix(fault: Fault, error: ShapeError, model: Module | None) -> tuple[Fix | None, str | None]:
    """The number to write in place of the one that is written, or why none can be."""
    field, choices = fault.error.field, fault.error.choices
    if not error.made or field is None or not choices or type(choices[0]) is not int:
        return None, None
    value = arguments_of(error.made, order_of(fault.node.type)).get(field)
    obstacle = _obstacle(field, value, error, model)
    if obstacle is not None or value is None:
        return None, obstacle
    return Fix(value.span, str(choices[0])), None


def _obstacle(
    field: str, value: Written | None, error: ShapeError, model: Module | None
) -> str | None:
    """Why the number at fault cannot be written where the module is made."""
    if value is None:
        return f"no argument of the call gives `{field}`"
    if not _is_number(value):
        steps = origins(error.made, value)
        if steps:
            last = steps[-1].span
            place = f"{last.file}:{last.line}:{last.column}"
            return f"`{field}` is the parameter `{ast.unparse(value.expression)}`, given at {place}"
        return f"`{field}` is computed: `{ast.unparse(value.expression)}`"
    made = _made_alike(error, model)
    if made > 1:
        return f"the same line makes {made} modules, which would all change"
    if _called_before(error):
        return "the module has taken another input before, which would then not fit"
    if value.span.line != value.span.end_line:
        return f"`{field}` is written over several lines"
    return None


def _is_number(value: Written) -> bool:
    """Whether an argument is written as a number, or as arithmetic of numbers alone."""
    allowed = ast.Constant | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop
    return all(isinstance(node, allowed) for node in ast.walk(value.expression))


def _made_alike(error: ShapeError, model: Module | None) -> int:
    """How many modules the same place in the source has made."""
    if model is None:
        return 1
    place = own(error.made)[:1]
    return sum(own(one.__dict__.get("made", ()))[:1] == place for one in model.modules())


def _called_before(error: ShapeError) -> bool:
    """Whether the module has worked before, on what arrived then."""
    return error.module is not None and error.called_before


def _help(fault: Fault, fix: Fix | None) -> str | None:
    if fix is not None:
        return f"write {fix.text} at {fix.span.file}:{fix.span.line}:{fix.span.column}"
    help = fault.error.help
    if help is None:
        return None
    if fault.error.rule == "size-mismatch" and help.startswith("write"):
        choice = fault.error.choices[0] if fault.error.choices else fault.error.expected
        return f"make `{fault.error.field}` {_shown(choice)}, or change what arrives"
    return spelled(help)


def of_exception(error: BaseException, called: Any = None) -> Diagnostic:
    """A Python exception in user code: at its line, or at the function that cannot be `called`."""
    frames = error_stack(error)
    kind = type(error).__name__
    text = str(error) or "no message"
    if isinstance(error, SyntaxError):
        text = error.msg
    notes = [
        f"called from {frame.function} at {frame.span.file}:{frame.span.line}:{frame.span.column}"
        for frame in frames[1 : 1 + MOST_CALLERS]
    ]
    span = frames[0].span if frames else definition(called)
    return Diagnostic(
        "python-error",
        f"{kind}: {text[:500]}",
        span=span,
        labels=tuple(_once(_around(error), span)),
        notes=tuple(notes),
        help=None if frames else _selfless(called),
    )


def _selfless(method: Any) -> str | None:
    """What to write where a method forgot its `self`."""
    code = getattr(method, "__code__", None)
    if code is None or code.co_varnames[:1] == ("self",):
        return None
    names = ", ".join(("self", *code.co_varnames[: code.co_argcount]))
    return f"write `def {code.co_name}({names})`"


def _around(error: BaseException) -> Iterable[Label]:
    """The argument that an error is about, where it says which; where names came from."""
    trace = error.__traceback__
    frames = []
    while trace is not None:
        frames.append((trace.tb_frame.f_code, trace.tb_lasti))
        trace = trace.tb_next
    outside = own(tuple(frame for frame in reversed(frames) if is_foreign(frame[0].co_filename)))
    meant = definition(getattr(error, "meant", None))
    if meant is not None:
        yield Label(meant, "is this meant?")
    nothing = SESSION.last and definition(SESSION.last.gave_nothing, end=True)
    if nothing and "None" in str(error):
        yield Label(nothing, "the function ends here, and returns nothing")
    for span, _ in chain(getattr(error, "made", ()))[:2]:
        yield Label(span, "this is made here")
    yield from _assigned(outside, through_names=True)
    if outside and hasattr(error, "argument"):
        number = str(getattr(error, "argument", ""))
        order = [str(place) for place in range(256)]
        value = arguments_of(outside[:1], order).get(number)
        if value is not None:
            yield Label(value.span, "this argument")


def of_unsupported(error: UnsupportedError) -> Diagnostic:
    """Something of PyTorch's that is not modelled, at its line."""
    reason = f": {error.reason}" if error.reason else ""
    return Diagnostic(
        "unsupported-operation",
        f"not checked: `{error.name}` is not modelled{reason}",
        span=span_of(error.where),
        notes=tuple(_callers(error.where)),
        help="docs/pytorch.md lists what is supported",
    )
