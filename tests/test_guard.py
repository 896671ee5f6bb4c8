"""User code runs apart from ours: what it may not do is tried, and how it can end is seen."""

import gc
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cnnshape.diagnostics import Diagnostic, ModelError, Span
from cnnshape.sources.spec.shape import UsageError
from cnnshape.sources.torch import guard
from cnnshape.sources.torch.guard import (
    CrashedError,
    OutOfMemoryError,
    RefusedError,
    TimedOutError,
    in_child,
    refusals,
)
from cnnshape.sources.torch.guard.child import Rules
from cnnshape.sources.torch.guard.here import in_this_process
from cnnshape.sources.torch.guard.policy import rule_of

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="a process cannot fork here")
SMALL = 64 << 20
OPEN = Path("/proc", "self", "fd")


def run(code, **options):
    """Run a text as user code; the value of `result` comes back."""

    def act():
        names = {"__name__": "net"}
        exec(compile(code, "net.py", "exec"), names)
        return names.get("result")

    return in_child(act, **options)


def no_children():
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@pytest.fixture(autouse=True)
def nothing_is_left():
    files = len(os.listdir(OPEN)) if OPEN.exists() else None
    yield
    no_children()
    if files is not None:
        gc.collect()
        assert len(os.listdir(OPEN)) <= files


def test_the_result_comes_back():
    assert in_child(lambda: {"a": (1, 2.5, "é"), "b": [None, True]}) == {
        "a": (1, 2.5, "é"),
        "b": [None, True],
    }


def test_a_large_result_comes_back():
    assert in_child(lambda: bytes(50_000_000)) == bytes(50_000_000)


def test_our_own_exceptions_come_back_as_they_are():
    span = Span("net.py", 3, 4, 3, 9)

    def act():
        raise ModelError([Diagnostic("size-mismatch", "100 are taken", span=span)])

    with pytest.raises(ModelError) as caught:
        in_child(act)
    assert caught.value.diagnostics == (Diagnostic("size-mismatch", "100 are taken", span=span),)
    assert str(caught.value) == "net.py:3:4: error[size-mismatch]: 100 are taken"


def test_usage_errors_come_back():
    def act():
        raise UsageError("no input is called `x`")

    with pytest.raises(UsageError, match="no input is called `x`"):
        in_child(act)


def test_nothing_of_the_child_reaches_the_parent():
    result = run("import sys, os\nsys.mine = 1\nos.environ['MINE'] = '1'\nresult = 3")
    assert result == 3
    assert not hasattr(sys, "mine")
    assert "MINE" not in os.environ


WRITES = {
    "open('{0}', 'w')": "writing or deleting files",
    "open('{0}', 'x')": "writing or deleting files",
    "open('{1}', 'a')": "writing or deleting files",
    "open('{1}', 'r+')": "writing or deleting files",
    "import os; os.open('{0}', os.O_CREAT | os.O_WRONLY)": "writing or deleting files",
    "import os; os.open('{1}', os.O_RDONLY | os.O_TRUNC)": "writing or deleting files",
    "import io; io.FileIO('{0}', 'w')": "writing or deleting files",
    "import pathlib; pathlib.Path('{0}').write_text('x')": "writing or deleting files",
    "import pathlib; pathlib.Path('{0}').touch()": "writing or deleting files",
    "import os; os.remove('{1}')": "writing or deleting files",
    "import os; os.rename('{1}', '{0}')": "writing or deleting files",
    "import os; os.replace('{1}', '{0}')": "writing or deleting files",
    "import os; os.mkdir('{0}')": "writing or deleting files",
    "import os; os.makedirs('{0}/a/b')": "writing or deleting files",
    "import os; os.mkfifo('{0}')": "writing or deleting files",
    "import os; os.link('{1}', '{0}')": "writing or deleting files",
    "import os; os.symlink('{1}', '{0}')": "writing or deleting files",
    "import os; os.chmod('{1}', 0)": "writing or deleting files",
    "import os; os.truncate('{1}', 0)": "writing or deleting files",
    "import os; os.utime('{1}', (0, 0))": "writing or deleting files",
    "import posix; posix.mkfifo('{0}')": "writing or deleting files",
    "import shutil; shutil.copyfile('{1}', '{0}')": "writing or deleting files",
    "import shutil; shutil.rmtree('{2}')": "writing or deleting files",
    "import tempfile; tempfile.mkstemp()": "writing or deleting files",
    "import tempfile; tempfile.mkdtemp()": "writing or deleting files",
    "import sqlite3; sqlite3.connect('{0}')": "writing or deleting files",
}


@pytest.mark.parametrize("code", WRITES)
def test_writing_is_refused(code, tmp_path):
    there, absent = tmp_path / "there", tmp_path / "absent"
    there.write_text("kept")
    before = there.stat()
    with pytest.raises(CrashedError, match=f"^{WRITES[code]} is refused"):
        run(code.format(absent, there, tmp_path))
    assert os.listdir(tmp_path) == ["there"]
    assert there.read_text() == "kept"
    assert (there.stat().st_mode, there.stat().st_mtime) == (before.st_mode, before.st_mtime)


OTHERS = {
    "import socket; socket.socket()": "network",
    "import socket; socket.getaddrinfo('localhost', 80)": "network",
    "import urllib.request; urllib.request.urlopen('http://localhost:9')": "network",
    "import http.client; http.client.HTTPConnection('localhost', 9).connect()": "network",
    "import ftplib; ftplib.FTP('localhost')": "network",
    "import smtplib; smtplib.SMTP('localhost')": "network",
    "import subprocess; subprocess.run(['true'])": "process",
    "import os; os.system('true')": "process",
    "import os; os.popen('true')": "process",
    "import os; os.execv('true', ['true'])": "process",
    "import os; os.posix_spawn('true', ['true'], {})": "process",
    "import os; os.spawnv(os.P_WAIT, 'true', ['true'])": "process",
    "import os; os.fork()": "process",
    "import pty; pty.spawn('true')": "process",
    "import _posixsubprocess; _posixsubprocess.fork_exec()": "process",
    "import os; os.kill(os.getppid(), 0)": "signal",
    "import os; os.killpg(0, 0)": "signal",
    "import signal; signal.signal(signal.SIGALRM, signal.SIG_IGN)": "signal",
    "import _signal; _signal.signal(14, 1)": "signal",
    "import signal; signal.setitimer(signal.ITIMER_REAL, 0)": "signal",
    "import signal; signal.alarm(0)": "signal",
    "import faulthandler; faulthandler.cancel_dump_traceback_later()": "signal",
    "import ctypes; ctypes.CDLL(None)": "native",
    "import _ctypes; _ctypes.dlopen(None, 0)": "native",
    "import ctypes; ctypes.string_at(0)": "native",
    "import resource; resource.setrlimit(resource.RLIMIT_AS, (-1, -1))": "limits",
}


@pytest.mark.parametrize("code", OTHERS)
def test_what_no_model_needs_is_refused(code):
    def act():
        try:
            exec(compile(f"\n{code}", "net.py", "exec"), {})
        except RefusedError:
            [refusal] = refusals()[:1]
            return refusal.kind, [each.span.line for each in refusal.stack][:1]
        return "not refused"

    kind, lines = in_child(act)
    assert kind == OTHERS[code]
    assert lines == [2]


@pytest.mark.parametrize("code", ["open('{}', 'w')", "import os; os.mkdir('{}')"])
def test_trust_lifts_the_guard(code, tmp_path):
    run(code.format(tmp_path / "new"), trusted=True)
    assert (tmp_path / "new").exists()


def test_what_is_caught_by_user_code_is_still_told(tmp_path):
    def act():
        code = f"try:\n    open({str(tmp_path / 'x')!r}, 'w')\nexcept Exception:\n    pass"
        exec(compile(code, "net.py", "exec"), {})
        return [(each.kind, each.stack[0].span.line) for each in refusals()]

    assert in_child(act) == [("writing", 2)]


@pytest.mark.parametrize(
    "code",
    [
        "open(__import__('os').devnull, 'w').write('x')",
        "import os; result = len(open(os.__file__).read())",
        "import io; io.StringIO().write('x')",
        "import socket; socket.gethostname()",
        "import os; os.environ['X'] = '1'; os.listdir('.')",
        "import sqlite3; sqlite3.connect(':memory:')",
        "import threading; t = threading.Thread(target=print); t.start(); t.join()",
    ],
)
def test_what_does_no_harm_is_let_pass(code):
    run(code)


def test_numpy_imports_under_the_guard():
    code = "import sys\nfor name in [n for n in sys.modules if n.startswith('numpy')]:\n"
    code += "    pass\nimport ctypes, numpy\nresult = float(numpy.linalg.norm(numpy.ones(4)))"
    assert run(code) == 2.0
    script = (
        "from cnnshape.sources.torch.guard import in_child\n"
        "def act():\n    import numpy, numpy.ctypeslib\n    return numpy.ones(3).sum().item()\n"
        "import sys\nassert 'numpy' not in sys.modules\nprint(in_child(act))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("3.0\n", "")


def test_no_bytecode_is_written(tmp_path):
    (tmp_path / "near.py").write_text("x = 1")
    assert run(f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import near; result = near.x")
    assert os.listdir(tmp_path) == ["near.py"]


ENDLESS = {
    "while True: pass": True,
    "import time\ntime.sleep(1000)": True,
    "while True:\n    try:\n        while True: pass\n    except BaseException: pass": True,
    "x = 10**10**8": True,
    "import re\nre.match('(a+)+b', 'a' * 100)": True,
    "import signal\ntry: signal.alarm(0)\nexcept OSError: pass\nwhile True: pass": True,
}


@pytest.mark.parametrize("code", ENDLESS)
def test_endless_code_is_ended_at_its_line(code):
    start = time.monotonic()
    with pytest.raises(TimedOutError, match=r"^the code ran for longer than 0\.3 s$") as caught:
        run(code, seconds=0.3)
    assert time.monotonic() - start < 6
    assert caught.value.stack[0].span.file.endswith("net.py")


@pytest.mark.parametrize(
    "code", ["x = bytearray(1 << 40)", "x = []\nwhile True: x.append(bytes(1 << 20))"]
)
def test_too_much_memory_is_told_at_its_line(code):
    with pytest.raises(OutOfMemoryError, match=r"more than 0\.0625 GiB of memory") as caught:
        run(code, memory=SMALL)
    assert caught.value.stack[0].span.line == len(code.splitlines())


def test_a_crash_is_told_with_its_signal_and_line():
    with pytest.raises(CrashedError, match=r"crashed Python \(SIGSEGV\)") as caught:
        run("import faulthandler\n\nfaulthandler._sigsegv()")
    assert caught.value.stack[0].span.line == 3


HOSTILE = {
    "import os; os._exit(7)": r"ended its process: os\._exit\(7\)",
    "import os; os._exit(0)": r"ended its process: os\._exit\(0\)",
    "import sys; sys.exit(7)": r"ended its process: sys\.exit\(7\)",
    "raise SystemExit": r"ended its process: sys\.exit\(None\)",
    "raise KeyboardInterrupt": "KeyboardInterrupt",
    "raise GeneratorExit": "GeneratorExit",
    "def f(): f()\nf()": "RecursionError",
    "import sys\nsys.setrecursionlimit(10**9)\ndef f(): f()\nf()": "RecursionError",
    "class E(Exception):\n    def __str__(self): 1 / 0\nraise E": "^E$",
    "import sys; sys.modules.clear(); 1 / 0": "ZeroDivisionError",
    "import builtins; builtins.len = builtins.isinstance = None; 1 / 0": "ZeroDivisionError",
    "import os; os.write = os._exit = None; 1 / 0": "ZeroDivisionError",
    "result = lambda: 3": "pickle",
    "class R:\n    def __reduce__(self): return print, ('x',)\nresult = R()": "is not data",
    "class R:\n    def __reduce__(self): return __import__('os').system, ('x',)\nresult = R()": (
        "is not data"
    ),
    "class R:\n    def __reduce__(self): 1 / 0\nresult = R()": "ZeroDivisionError",
    "class R:\n    def __reduce__(self): open('x', 'w')\nresult = R()": "is refused",
}


@pytest.mark.parametrize("code", HOSTILE)
def test_hostile_code_ends_in_a_guard_error(code):
    with pytest.raises(CrashedError, match=HOSTILE[code]):
        run(code)


def test_a_broken_interpreter_still_gives_its_result():
    code = "import sys, builtins\nsys.modules.clear()\nbuiltins.len = None\nresult = [1]"
    assert run(code) == [1]


@pytest.mark.parametrize("verbose", [False, True])
def test_prints_never_mix_with_ours(verbose, capfd):
    code = "import os\nprint('printed')\nos.write(1, b'raw')\nos.write(2, b'error')"
    run(code, verbose=verbose)
    out, err = capfd.readouterr()
    assert out == ""
    assert all((word in err) == verbose for word in ("printed", "raw", "error"))


def test_nothing_is_read_from_our_input():
    with pytest.raises(CrashedError, match="EOFError"):
        run("input('?')")


def test_our_open_files_are_closed_in_the_child(tmp_path):
    closed = pytest.raises(CrashedError, match="Bad file descriptor")
    with (tmp_path / "ours").open("w") as file, closed:
        run(f"import os; os.write({file.fileno()}, b'x')")
    assert (tmp_path / "ours").read_text() == ""


def test_an_interrupt_ends_the_child():
    script = (
        "import time\nfrom cnnshape.sources.torch.guard import in_child\n"
        "print('ready', flush=True)\nin_child(lambda: time.sleep(60))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.readline()
    time.sleep(0.3)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert time.monotonic() - start < 10
    assert b"KeyboardInterrupt" in errors


def test_without_fork_the_act_is_guarded_all_the_same(tmp_path):
    rules = Rules(60, None, trusted=False, verbose=False)

    def act():
        said = []
        for code in (f"open({str(tmp_path / 'x')!r}, 'w')", "import sys; sys.exit(3)"):
            try:
                in_this_process(lambda code=code: exec(code, {}), rules)
            except guard.GuardError as error:
                said.append(error.message.partition(":")[0])
        return said, in_this_process(lambda: sys.stdout.write("swallowed"), rules)

    said, result = in_child(act, trusted=True)
    assert result == len("swallowed")
    assert said == [
        "writing or deleting files is refused while a model is checked",
        "the code ended its process",
    ]


@pytest.mark.parametrize("event", ["compile", "exec", "os.listdir", "sys._getframe", "os.chdir"])
def test_events_without_a_rule_cost_nothing(event):
    assert rule_of(event) is None


@pytest.mark.parametrize(
    ("event", "kind"), [("winreg.OpenKey", "registry"), ("os.startfile/2", "process")]
)
def test_events_of_other_systems_have_a_rule(event, kind):
    found = rule_of(event)
    assert found is not None
    assert found[0] == kind
