"""A user's file becomes a module: what defines is run, the rest is left out, places are found."""

import ast
import os
import sys
from pathlib import Path
from textwrap import dedent
from types import ModuleType

import pytest

from cnnshape.diagnostics import Span, UnreadableError
from cnnshape.sources.torch import loading
from cnnshape.sources.torch.guard import in_child, refusals
from cnnshape.sources.torch.loading import (
    MissingPackageError,
    Unavailable,
    UnavailableError,
    UserFrame,
    frame_call,
    frame_span,
    position_index,
    user_stack,
)


class Standin(dict):
    """A torch that has two modules, and makes any other below it."""

    def __init__(self):
        super().__init__()
        torch = self["torch"] = ModuleType("torch")
        torch.nn = self["torch.nn"] = ModuleType("torch.nn")
        torch.__version__ = "2.13.0"
        torch.nn.Module = type("Module", (), {})
        torch.nn.Linear = Linear

    def missing(self, name):
        if name == "torch.nowhere":
            raise ModuleNotFoundError(f"No module named '{name}'", name=name)
        self[name] = ModuleType(name)
        return self[name]


class Linear:
    """A layer that remembers where it was made."""

    def __init__(self, *args, **kwargs):
        frame = sys._getframe(1)
        self.arguments = args
        self.span, self.call = frame_span(frame), frame_call(frame)
        self.stack = user_stack(frame)


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Writes files, loads one of them, and puts the interpreter back afterwards."""
    monkeypatch.chdir(tmp_path)
    loaded = []

    def write_and_load(text="", name="net.py", **others):
        for file, content in {name: text, **others}.items():
            path = tmp_path / file.replace("__slash__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            if isinstance(content, bytes):
                path.write_bytes(content)
            else:
                path.write_text(dedent(content), encoding="utf-8")
        loaded.append(loading.load(name, Standin()))
        return loaded[-1]

    yield write_and_load
    for each in reversed(loaded):
        each.close()


def notes(loaded):
    return [(note.span.line, note.reason) for note in loaded.notes]


# What runs


def test_definitions_run_and_what_acts_does_not(load):
    loaded = load(
        """\
        '''Doc.'''
        import torch, sys
        from torch import nn
        sizes: list = [8]
        sizes += [16]
        sizes.append(32)
        table = {}
        table["a"] = 1
        table.update(b=2)
        for size in range(2):
            sizes.append(size)
        for epoch in range(3):
            loss = step(epoch)
            sizes.append(loss)
        while True:
            train()
        sys.path.append("here")
        print(undefined)
        assert False
        del sizes
        def build(): return 5
        class Net(nn.Module): width = sizes[0]
        if sizes:
            kind = "full"
            print("never")
        else:
            kind = fails()
        try:
            import json
            print("never")
        except ImportError:
            json = None
        if __name__ == "__main__":
            kind = "main"
            train()
        raise SystemExit
        """
    )
    module = loaded.module
    assert (module.__doc__, module.__name__) == ("Doc.", "net")
    assert module.sizes == [8, 16, 32, 0, 1]
    assert module.table == {"a": 1, "b": 2}
    assert (module.build(), module.Net.width, module.kind) == (5, 8, "full")
    assert module.json is sys.modules["json"]
    assert "here" in sys.path
    lines = {line for line, _ in notes(loaded)}
    assert lines == {12, 15, 18, 19, 20, 25, 30, 36}
    assert isinstance(module.loss, Unavailable)
    assert (12, "this loop defines nothing") in notes(loaded)


@pytest.mark.parametrize(
    "loop",
    [
        "for x in loader: seen.append(net(x))",
        "for x in range(3):\n    optimizer.step()",
        "for x in range(3):\n    seen.append(x)\n    loss.backward()",
        "while len(seen) < 3:\n    seen.append(train_one())",
        "for x in range(3):\n    print(x)",
        "for x in open('f'):\n    seen.append(x)",
    ],
)
def test_loops_that_could_train_do_not_run(load, loop):
    assert load(f"seen = []\n{loop}\n").module.seen == []


@pytest.mark.parametrize(
    ("loop", "result"),
    [
        ("for x in range(3): seen.append(nn.Linear(x, 1).arguments)", [(0, 1), (1, 1), (2, 1)]),
        ("for a, b in zip('xy', [1, 2]):\n    if b > 1: seen.append(a)", ["y"]),
        ("c = 1\nwhile c < 5:\n    seen.append(c)\n    c *= 2", [1, 2, 4]),
        ("d = {}\nfor k in 'ab': d[k] = 1\nseen = [*d]", ["a", "b"]),
    ],
)
def test_loops_that_build_containers_run(load, loop, result):
    assert load(f"from torch import nn\nseen = []\n{loop}\n").module.seen == result


def test_future_annotations_hold_for_the_whole_file(load):
    module = load("from __future__ import annotations\nx = 1\ndef f(a: Nowhere): pass\n").module
    assert module.f.__annotations__ == {"a": "Nowhere"}


def test_command_lines_give_their_defaults(load):
    module = load(
        """\
        import argparse
        parser = argparse.ArgumentParser()
        group = parser.add_mutually_exclusive_group(required=True)
        group.add_argument("--a", action="store_true")
        parser.add_argument("data")
        parser.add_argument("rest", nargs="*")
        parser.add_argument("--width", type=int, default="64")
        parser.add_argument("--depth", type=int, required=True)
        parser.set_defaults(kind="x")
        args = parser.parse_args()
        known, unknown = parser.parse_known_args()
        given = parser.parse_args(["--a", "d", "--depth", "3"])
        """
    ).module
    assert vars(module.args) == {
        "a": False,
        "data": None,
        "rest": [],
        "width": 64,
        "depth": None,
        "kind": "x",
    }
    assert (module.known, module.unknown) == (module.args, [])
    assert (module.given.a, module.given.data, module.given.depth) == (True, "d", 3)


# What fails


@pytest.mark.parametrize(
    "use",
    [
        *("v()", "v.x", "v + 1", "1 - v", "v[0]", "list(v)", "bool(v)", "not v", "len(v)"),
        *("v == 1", "v < 1", "-v", "range(v)", "float(v)", "1 in v", "f'{v}'", "str(v)", "v @ v"),
        *("class C(v): pass", "@v\ndef f(): pass", "v.x = 1", "with v: pass", "a, b = v"),
    ],
)
def test_a_name_without_a_value_says_why_when_it_is_used(load, use):
    module = load("import os\n\nv = open('nowhere.csv')\nw = (v,)\n").module
    with pytest.raises(UnavailableError) as caught:
        exec(use, {"v": module.v})
    assert str(caught.value) == (
        "`v` has no value: line 3 failed: "
        "FileNotFoundError: [Errno 2] No such file or directory: 'nowhere.csv'"
    )
    assert isinstance(caught.value.cause, FileNotFoundError)
    assert caught.value.span == ("net.py", 3, 1, 3, 24)


def test_what_follows_from_a_failure_names_the_first_one(load):
    module = load("a = 1 / 0\nb = a + 1\nclass Net(b): pass\nc, (d, *e) = b\n").module
    for name in ("b", "Net", "c", "d", "e"):
        with pytest.raises(UnavailableError, match="`a` has no value: line 1 failed: ZeroDiv"):
            getattr(module, name)()


@pytest.mark.parametrize(
    "statement",
    [
        "exit(3)",
        "raise_it()",
        "x = __import__('sys').exit(3)",
        "def f(): yield\nx = f().throw(KeyError)",
    ],
)
def test_the_load_goes_on_after_what_fails(load, statement):
    assert load(f"{statement}\ny = 5\n").module.y == 5


def test_what_would_have_been_changed_has_no_value_either(load):
    module = load(
        """\
        import os
        layers = [1]
        layers.append(1 / 0)
        class Net: pass
        net = Net()
        net.fc = 1 / 0
        os.wrong = 1 / 0
        """
    ).module
    assert isinstance(module.layers, Unavailable)
    assert isinstance(module.net, Unavailable)
    assert not isinstance(module.os, Unavailable)


def test_what_was_bound_before_a_failure_inside_stays(load):
    module = load("with open(__file__) as file:\n    a = 1\n    b = 1 / 0\n    c = 2\n").module
    assert module.a == 1
    assert isinstance(module.b, Unavailable)
    assert isinstance(module.c, Unavailable)


def test_a_condition_that_fails_leaves_its_names_without_a_value(load):
    module = load("if 1 / 0:\n    a = 1\nelse:\n    b = 2\n").module
    assert isinstance(module.a, Unavailable)
    assert isinstance(module.b, Unavailable)


@pytest.mark.parametrize(
    ("content", "message", "line", "column"),
    [
        ("x = (1,\ny = 2\n", "'(' was never closed", 1, 5),
        ("é = 1\nfoo bar\n", "invalid syntax", 2, 5),
        ("x = 1\n  y = 2\n", "unexpected indent", 2, 2),
        ("class A:\n    return 1\n", "'return' outside function", 2, 5),
        ("def f(a, a): pass\n", "duplicate argument 'a' in function definition", 1, 10),
        (b"a = 1\nb = '\xff'\n", "the file is not UTF-8 text", 2, 1),
        (b"a = 1\n\nb = '\0'\n", "the file holds null bytes, so it is no Python", 3, 1),
        ("x = " + "-" * 100_000 + "1\n", "the code is nested too deeply to be read", 1, 1),
    ],
)
def test_what_is_no_python_is_said_with_its_place(load, content, message, line, column):
    with pytest.raises(UnreadableError) as caught:
        load(content)
    [diagnostic] = caught.value.diagnostics
    assert (diagnostic.rule, diagnostic.message) == ("syntax", message)
    assert diagnostic.span[:3] == ("net.py", line, column)


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbfx = '\xc3\xa9'\r\ny = 2\r\n", b"# coding: latin-1\nx = '\xe9'\ny = 2\n"],
)
def test_marks_encodings_and_line_ends_are_understood(load, content):
    module = load(content).module
    assert (module.x, module.y) == ("é", 2)


# What imports find


def test_torch_is_the_stand_in_and_nothing_else(load):
    loaded = load(
        """\
        import torch, torch.nn as nn
        import torch.fancy.thing
        from torch.nn import Linear
        from importlib.metadata import version
        installed = version("torch")
        try:
            import torch.nowhere
        except ImportError:
            nowhere = None
        """
    )
    module = loaded.module
    assert module.torch.nn is module.nn
    assert module.torch.fancy.thing.__name__ == "torch.fancy.thing"
    assert module.Linear is Linear
    assert (module.installed, module.nowhere) == ("2.13.0", None)
    loaded.close()
    assert not [name for name in sys.modules if name.partition(".")[0] == "torch"]


def test_own_files_are_treated_alike(load):
    loaded = load(
        "from near import width, Block\nimport types\nfrom blocks.deep import depth\n",
        **{
            "near.py": "width = 3\nprint('never')\nbad = 1 / 0\nclass Block: pass\n",
            "blocks__slash__deep.py": "depth = 7\ntrain()\n",
            "types.py": "mine = 1\n",
        },
    )
    assert (loaded.module.width, loaded.module.depth) == (3, 7)
    assert {(note.span.file, note.span.line) for note in loaded.notes} == {
        ("near.py", 2),
        ("near.py", 3),
        ("blocks/deep.py", 2),
    }


def test_packages_resolve_relative_imports(load):
    module = load(
        "from .blocks import width\nfrom ..top import depth\nfrom pkg.sub import flag\n",
        name="pkg/sub/net.py",
        **{
            "pkg/__init__.py": "",
            "pkg/sub/__init__.py": "flag = 1\nprint('never')\n",
            "pkg/sub/blocks.py": "width = 3\n",
            "pkg/top.py": "depth = 4\n",
        },
    ).module
    assert (module.width, module.depth, module.flag) == (3, 4, 1)
    assert (module.__name__, module.__package__) == ("pkg.sub.net", "pkg.sub")
    assert sys.modules["pkg.sub"].net is module


def test_folders_without_init_resolve_relative_imports(load):
    module = load(
        "from .blocks import width\nfrom ..top import depth\n",
        name="pkg/sub/net.py",
        **{"pkg/sub/blocks.py": "width = 3\n", "pkg/top.py": "depth = 4\n"},
    ).module
    assert (module.width, module.depth, module.__package__) == (3, 4, "pkg.sub")


def test_imports_from_the_root_of_the_project_are_found(load):
    module = load(
        "from tools.blocks import width\n", "nets/net.py", **{"tools/blocks.py": "width = 3"}
    )
    assert module.module.width == 3


def test_a_package_may_import_the_file_itself(load):
    module = load("class Net: pass\n", "pkg/net.py", **{"pkg/__init__.py": "from .net import Net"})
    assert module.module.Net is sys.modules["pkg"].Net


def test_a_file_may_be_called_like_a_module_of_pythons(load):
    module = load("import types, random\nx = random.random", name="types.py").module
    assert module.__name__ == "types_"
    assert module.types is sys.modules["types"]
    assert hasattr(module.types, "FunctionType")


def test_a_missing_package_does_no_harm_until_it_is_needed(load):
    loaded = load(
        """\
        import wandb
        import lightnight.data as data
        from tqdmm.auto import tqdm as bar
        from jaxx.typing import Float
        run = wandb.init(project="x")
        flag = data.A | data.B
        @wandb.watch
        def f(x: Float["b c"]) -> "int": return bar(x)
        @data.compile(mode="fast")
        def g(): return 5
        class Own(data.Module):
            def __init__(self): super().__init__()
        """
    )
    module = loaded.module
    assert loaded.notes == []
    assert module.g() == 5
    assert not isinstance(3, module.data.Module)
    for use, package, line in [
        (lambda: module.f([1]), "tqdmm", 3),
        (module.Own, "lightnight", 2),
        (lambda: list(module.run), "wandb", 1),
    ]:
        with pytest.raises(MissingPackageError, match=f"package `{package}` is not") as caught:
            use()
        assert (caught.value.package, caught.value.span.line) == (package, line)


@pytest.mark.parametrize(
    "error", ["ImportError", "ModuleNotFoundError", "(OSError, Exception)", ""]
)
def test_a_missing_package_is_an_import_error_where_that_is_handled(load, error):
    module = load(
        f"""\
        try:
            import nowhere_to_be_found
        except {error}:
            nowhere_to_be_found = None
        def late():
            try:
                from nowhere_to_be_found.x import y
            except {error}:
                return "handled"
        """
    ).module
    assert module.nowhere_to_be_found is None
    assert module.late() == "handled"


def test_asking_whether_a_package_is_installed_is_answered_truly(load):
    module = load(
        """\
        import importlib, importlib.util
        found = importlib.util.find_spec("nowhere_to_be_found")
        loaded = importlib.import_module("nowhere_to_be_found")
        """
    ).module
    assert module.found is None
    assert isinstance(module.loaded, Unavailable)


def test_installed_packages_are_loaded_when_they_are_used(load):
    kept = {name: sys.modules.pop(name) for name in [*sys.modules] if name.startswith("yaml")}
    try:
        loaded = load("import yaml\ndef f(): return yaml.safe_load('[1]')\n")
        module = loaded.module
        assert type(module.__dict__["yaml"]) is not ModuleType
        assert module.f() == [1]
        assert type(module.__dict__["yaml"]) is ModuleType
    finally:
        loaded.close()
        sys.modules.update(kept)


def test_closing_puts_the_interpreter_back(load):
    before = [*sys.path], [*sys.meta_path], set(sys.modules), sys.argv
    load("import near\n", **{"near.py": ""}).close()
    assert ([*sys.path], [*sys.meta_path], set(sys.modules), sys.argv) == before


# Places


PLACES = """\
from torch.nn import Linear
import torch
é = "é"; a = ("é", Linear(1, out=2))
b = (torch
     .nn
     .Linear(3,
             bias=(4 +
                   5)))
def make(n, *rest, **more):
    return Linear(n, *rest, 7, out=[8], **more)
c = make(1)
d = [Linear(i) for i in range(1)][0]
"""


def test_frames_lead_to_calls_and_arguments(load):
    module = load(PLACES).module
    file = module.__file__
    text = PLACES.splitlines()

    def shown(span):
        if span.line == span.end_line:
            return text[span.line - 1][span.column - 1 : span.end_column - 1]
        return text[span.line - 1][span.column - 1 :], text[span.end_line - 1][
            : span.end_column - 1
        ]

    def arguments(layer):
        return {k: shown(v) for k, v in loading.argument_spans(file, layer.call).items()}

    first, method, inside, listed = module.a[1], module.b, module.c, module.d
    assert shown(first.span) == "Linear(1, out=2)"
    assert first.span[:3] == ("net.py", 3, 20)
    assert arguments(first) == {0: "1", "out": "2"}
    assert shown(method.span) == ("torch", "                   5))")
    assert arguments(method) == {0: "3", "bias": ("4 +", "                   5")}
    assert arguments(inside) == {0: "n", "out": "[8]"}
    assert arguments(listed) == {0: "i"}
    assert [(shown(each.span), each.function) for each in inside.stack] == [
        ("Linear(n, *rest, 7, out=[8], **more)", "make"),
        ("make(1)", "<module>"),
    ]


def test_every_call_is_in_the_index(load):
    loaded = load(PLACES)
    index = position_index(loaded.module.__file__)
    calls = [node for node in ast.walk(loaded.source.tree) if isinstance(node, ast.Call)]
    assert len(index) == len(calls) == 6
    for (line, column, end_line, end_column), call in index.items():
        start = ast.get_source_segment(PLACES, call)
        lines = PLACES.splitlines()[line - 1 : end_line]
        lines[-1] = lines[-1][: end_column - 1]
        lines[0] = lines[0][column - 1 :]
        assert "\n".join(lines) == start


def test_the_stack_of_an_error_is_the_users(load):
    module = load(
        "def f(x):\n    return (x *\n            g(x))\n\ndef g(x): return x.nothing\n"
    ).module
    try:
        module.f(3)
    except AttributeError as error:
        stack = loading.error_stack(error)
    assert [(each.function, *each.span[1:]) for each in stack] == [
        ("g", 5, 18, 5, 27),
        ("f", 3, 13, 3, 17),
    ]


def test_installed_frames_count_only_without_own_ones(load):
    import yaml

    load("x = 1")
    try:
        yaml.safe_load("[")
    except yaml.YAMLError as error:
        stack = loading.error_stack(error)
    assert stack
    assert all(Path(each.span.file).suffix == ".py" for each in stack)


# Under the guard


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot fork here")
def test_a_load_under_the_guard_leaves_nothing_behind(load, tmp_path):
    load("x = 1", **{"near.py": "import numpy\ny = numpy.ones(3).sum()\n"})
    text = "import near\ny = float(near.y)\nlog = open('log.txt', 'w')\ndef f(): return log.name\n"
    (tmp_path / "other.py").write_text(text)

    def act():
        module = loading.load("other.py", Standin()).module
        try:
            module.f()
        except UnavailableError as error:
            stack = loading.error_stack(error)
            said = str(error)
        return module.y, said, stack, [each.stack[0].span for each in refusals()]

    y, said, stack, refused = in_child(act)
    assert y == 3.0
    assert said.startswith("`log` has no value: line 3 failed: RefusedError: writing or deleting")
    assert stack == (UserFrame(Span("other.py", 4, 17, 4, 25), "f"),)
    assert refused == [Span("other.py", 3, 7, 3, 27)]
    assert sorted(os.listdir(tmp_path)) == ["near.py", "net.py", "other.py"]
    assert "other" not in sys.modules


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot fork here")
def test_what_is_no_python_travels_through_the_guard(tmp_path):
    (tmp_path / "net.py").write_text("x = (\n")
    with pytest.raises(UnreadableError) as caught:
        in_child(lambda: loading.load(str(tmp_path / "net.py"), Standin()))
    assert caught.value.diagnostics[0].message == "'(' was never closed"
    assert caught.value.text == "x = (\n"
