"""The reports of `check`: each format whole, read by what its consumers read it with.

`demonstration/` is a small repository; `snapshots/reports/` what each format says of it, which was
read before it was accepted. `python tests/test_reports.py` writes them anew.
"""

from __future__ import annotations

import gzip
import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from pages import ROOT, in_process

from cnnshape.cli.options import CheckFormat
from cnnshape.report import junit, markdown
from cnnshape.report.github import _command
from cnnshape.report.outcome import Outcome
from cnnshape.rules import RULES

DEMONSTRATION = ROOT / "tests/demonstration"
SNAPSHOTS = ROOT / "tests/snapshots/reports"
PATHS = ("models", "net.py", "--input N,1,28,28")
"""What the runs check: a broken model in each form, one that is right, and one that is no YAML."""

SCHEMA = json.loads(gzip.decompress((ROOT / "tests/data/sarif-schema-2.1.0.json.gz").read_bytes()))


@pytest.fixture
def demonstration(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DEMONSTRATION, tmp_path / "demonstration"))


@pytest.fixture(autouse=True)
def away_from_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests say themselves what a CI job would set."""
    for name in ("GITHUB_WORKSPACE", "GITHUB_STEP_SUMMARY", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)


def reported(format: str, folder: Path, options: str = "") -> str:
    """A report of the demonstration."""
    command = f"cnnshape check {' '.join(PATHS)} --format text --report {format}=report {options}"
    assert in_process(command, folder)[0] == 2
    return (folder / "report").read_text(encoding="utf-8")


def kept(format: str, text: str) -> str:
    """What a snapshot holds: no times, and of SARIF no rules, which other tests read."""
    if format == "junit":
        return re.sub(r'time="\d+\.\d{3}"', 'time="0.000"', text)
    if format == "sarif":
        data = json.loads(text)
        del data["runs"][0]["tool"]
        text = json.dumps(data, ensure_ascii=False, indent=2) + "\n"
        return re.sub(r'"(ruleI|i)ndex": \d+', r'"\1ndex": 0', text)
    return text


@pytest.mark.parametrize("format", CheckFormat)
def test_the_demonstration_in_every_format(format: str, demonstration: Path) -> None:
    text = reported(format, demonstration)
    assert kept(format, text) == (SNAPSHOTS / f"{format}.txt").read_text(encoding="utf-8")
    assert kept(format, text) == kept(format, reported(format, demonstration))


@pytest.mark.parametrize("format", sorted({*CheckFormat} - {"text", "junit"}))
def test_a_format_is_printed_as_it_is_written(format: str, demonstration: Path) -> None:
    code, printed = in_process(f"cnnshape check {' '.join(PATHS)} --format {format}", demonstration)
    assert (code, printed) == (2, reported(format, demonstration))


def test_several_at_once(demonstration: Path) -> None:
    code, printed = in_process(
        "cnnshape check models/good.yaml --format concise -o a.txt --report sarif=b.sarif "
        "--report junit=c.xml",
        demonstration,
    )
    assert (code, printed) == (0, "")
    assert (demonstration / "a.txt").read_text() == ""
    assert json.loads((demonstration / "b.sarif").read_text())["runs"][0]["results"] == []
    assert ElementTree.parse(demonstration / "c.xml").getroot().get("tests") == "1"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("--report sarif", "--report sarif: write FORMAT=FILE, as sarif=out.sarif"),
        ("--report sarif=", "--report sarif=: write FORMAT=FILE, as sarif=out.sarif"),
        ("--report sarfi=a", "--report sarfi=a: no format is called `sarfi`; write `sarif`"),
        (
            "--report pdf=a",
            "--report pdf=a: no format is called `pdf`; known are `concise`, `github`, `json`, "
            "`junit`, `markdown`, `sarif`, `text`",
        ),
        (
            "--report sarif=a --report junit=./a",
            "two reports go to a; give each a file of its own",
        ),
        ("--format json -o a --report text=a", "two reports go to a; give each a file of its own"),
        ("--report sarif=no/a", "cannot write no/a: no such file or directory"),
    ],
)
def test_wrong_usage(options: str, message: str, tmp_path: Path) -> None:
    code, printed = in_process(f"cnnshape check lenet5 --quiet {options}", tmp_path)
    assert (code, printed) == (2, f"error: {message}\n")
    assert list(tmp_path.iterdir()) == []


# SARIF


def sarif(folder: Path, command: str = " ".join(("nothing.yaml", *PATHS))) -> dict[str, Any]:
    in_process(f"cnnshape check {command} --format sarif -o out.sarif", folder)
    data: dict[str, Any] = json.loads((folder / "out.sarif").read_text(encoding="utf-8"))
    errors = jsonschema.Draft4Validator(SCHEMA).iter_errors(data)
    assert [error.message for error in errors] == []
    (run,) = data["runs"]
    return dict(run)


def test_sarif_refers_to_what_it_holds(demonstration: Path) -> None:
    run = sarif(demonstration)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(RULES)
    assert len(run["results"]) == 5
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        for place in (*result["locations"], *result.get("relatedLocations", ())):
            address = place["physicalLocation"]["artifactLocation"]
            artifact = run["artifacts"][address["index"]]["location"]
            assert (address["uri"], address["uriBaseId"]) == (artifact["uri"], "%SRCROOT%")
            assert (demonstration / unquote(address["uri"])).is_file()


def test_sarif_regions_hold_what_is_at_fault(demonstration: Path) -> None:
    """Columns count characters, also behind an umlaut, and the end is exclusive."""
    found = []
    for result in sarif(demonstration)["results"]:
        place = result["locations"][0]["physicalLocation"]
        file, region = demonstration / unquote(place["artifactLocation"]["uri"]), place["region"]
        line = file.read_text(encoding="utf-8").splitlines()[region["startLine"] - 1]
        text = line[region["startColumn"] - 1 : region["endColumn"] - 1]
        assert text == region.get("snippet", {"text": ""})["text"]
        found.append((result["ruleId"], text))
    assert sorted(found) == [
        ("not-aligned", "[left, right]"),
        ("size-mismatch", "100"),
        ("size-mismatch", "self.fc(torch.flatten(self.pool(torch.relu(self.conv(x))), 1))"),
        ("syntax", ""),
        ("unknown-field", "in_feature"),
    ]


def test_sarif_fixes_mend_the_model(demonstration: Path) -> None:
    changes = [
        change
        for result in sarif(demonstration)["results"]
        for fix in result.get("fixes", ())
        for change in fix["artifactChanges"]
    ]
    assert len(changes) == 3
    for change in changes:
        file = demonstration / unquote(change["artifactLocation"]["uri"])
        lines = file.read_text(encoding="utf-8").split("\n")
        for replacement in change["replacements"]:
            region, new = replacement["deletedRegion"], replacement["insertedContent"]["text"]
            assert region["startLine"] == region["endLine"]
            line = lines[region["startLine"] - 1]
            start, end = region["startColumn"] - 1, region["endColumn"] - 1
            lines[region["startLine"] - 1] = line[:start] + new + line[end:]
        file.write_text("\n".join(lines), encoding="utf-8")
    command = "cnnshape check models/broken.yaml net.py --input N,1,28,28 --quiet"
    assert in_process(command, demonstration)[0] == 0


def test_sarif_tells_what_could_not_be_checked(demonstration: Path) -> None:
    (invocation,) = sarif(demonstration)["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (False, 2)
    told = [item["message"]["text"] for item in invocation["toolExecutionNotifications"]]
    assert told == [
        "not YAML: did not find expected ',' or ']'",
        "no such file: nothing.yaml",
    ]
    (invocation,) = sarif(demonstration, "models/broken.yaml")["invocations"]
    assert (invocation["executionSuccessful"], invocation["exitCode"]) == (True, 1)
    assert invocation["toolExecutionNotifications"] == []


def fingerprints(run: dict[str, Any]) -> list[str]:
    return [result["partialFingerprints"]["cnnshapeFinding/v1"] for result in run["results"]]


def test_sarif_knows_a_finding_again(demonstration: Path) -> None:
    """Also when lines are put in above; findings alike are told apart."""
    file = demonstration / "models/broken.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text + text.splitlines()[-1].replace("head", "h2") + "\n", encoding="utf-8")
    before = fingerprints(sarif(demonstration))
    file.write_text("# one more\n\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    assert fingerprints(sarif(demonstration)) == before
    assert len(set(before)) == len(before) == 6


def test_sarif_encodes_addresses(tmp_path: Path) -> None:
    folder = tmp_path / "a b"
    folder.mkdir()
    names = ("c#ö.yaml", "100%.yaml", "a:b.yaml")
    for name in names:
        shutil.copy(ROOT / "architectures/lenet5.yaml", folder / name)
    run = sarif(tmp_path, "'a b'")
    assert [item["location"]["uri"] for item in run["artifacts"]] == [
        "a%20b/100%25.yaml",
        "a%20b/a%3Ab.yaml",
        "a%20b/c%23%C3%B6.yaml",
    ]


def test_places_are_told_from_the_root_of_the_repository(
    demonstration: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_WORKSPACE", str(demonstration.parent))
    models = f"models/good.yaml {demonstration / 'models/broken.yaml'}"
    addresses = [item["location"]["uri"] for item in sarif(demonstration, models)["artifacts"]]
    assert addresses == ["demonstration/models/good.yaml", "demonstration/models/broken.yaml"]
    _, printed = in_process("cnnshape check models/broken.yaml --format github", demonstration)
    assert all("file=demonstration/models/broken.yaml," in line for line in printed.splitlines())


@pytest.mark.parametrize("name", ["lenet5", "resnet50", "mnist-net-broken"])
def test_sarif_of_bundled_models_is_valid(name: str, tmp_path: Path) -> None:
    (artifact,) = sarif(tmp_path, name)["artifacts"]
    assert artifact["location"]["uri"].startswith("file:")
    assert "uriBaseId" not in artifact["location"]


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.example], ids=str)
def test_sarif_of_every_rule_is_valid(rule: Any, tmp_path: Path) -> None:
    for name, text in rule.files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    run = sarif(tmp_path, f"{rule.file} {rule.options}")
    assert {result["ruleId"] for result in run["results"]} == {rule.name}


# GitHub


def test_workflow_commands_are_escaped() -> None:
    properties = {"file": "a,b:c%.yaml", "title": "t\n"}
    assert _command("error", properties, "100 %: a, b\r\nc") == (
        "::error file=a%2Cb%3Ac%25.yaml,title=t%0A::100 %25: a, b%0D%0Ac"
    )


def test_a_step_has_its_summary(demonstration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    summary = demonstration / "summary.md"
    summary.write_text("# before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    in_process(f"cnnshape check {' '.join(PATHS)} --format text", demonstration)
    assert summary.read_text(encoding="utf-8") == "# before\n"
    in_process(f"cnnshape check {' '.join(PATHS)} --format github", demonstration)
    table = (SNAPSHOTS / "markdown.txt").read_text(encoding="utf-8")
    assert summary.read_text(encoding="utf-8") == f"# before\n{table}"


def test_a_fault_on_several_lines_has_no_columns(tmp_path: Path) -> None:
    """GitHub takes columns within one line alone."""
    text = "input: [3, 8, 8]\nlayers:\n  - type: conv2d\n    out_channels: [1,\n      2]\n"
    (tmp_path / "net.yaml").write_text(text, encoding="utf-8")
    _, printed = in_process("cnnshape check net.yaml --format github", tmp_path)
    several = [line for line in printed.splitlines() if "line=4,endLine=5," in line]
    assert several
    assert "col=" not in several[0]


# JUnit


def test_junit_counts_are_right(demonstration: Path) -> None:
    in_process("cnnshape check models nothing.yaml --format junit -o out.xml", demonstration)
    root = ElementTree.parse(demonstration / "out.xml").getroot()
    (suite,) = root
    cases = suite.findall("testcase")
    outcomes = {case.get("name"): [(part.tag, part.get("type")) for part in case] for case in cases}
    assert outcomes == {
        "digits | <b>broken</b>, 100 %": [("failure", "size-mismatch")],
        "digits": [],
        "not a model": [("error", "syntax")],
        "no such file: nothing.yaml": [("error", "usage")],
    }
    for element in (root, suite):
        counts = [element.get(name) for name in ("tests", "failures", "errors", "skipped")]
        assert counts == ["4", "1", "2", "0"]
    total = sum(float(case.attrib["time"]) for case in cases)
    assert abs(float(suite.attrib["time"]) - total) < 0.003


def test_a_warning_fails_a_case_only_if_it_counts(tmp_path: Path) -> None:
    rule = RULES["no-gradient"]
    (tmp_path / rule.file).write_text(rule.example, encoding="utf-8")
    parts = []
    for strict in ("", "--strict"):
        in_process(f"{rule.command} {strict} --format junit -o out.xml", tmp_path)
        (case,) = ElementTree.parse(tmp_path / "out.xml").getroot().iter("testcase")
        parts += [(part.tag, part.get("type")) for part in case]
    assert parts == [("system-out", None), ("failure", "no-gradient")]


def test_a_model_that_is_not_confirmed_is_an_error(tmp_path: Path) -> None:
    command = "cnnshape check lenet5 --confirm --max-memory 1MB"
    assert in_process(f"{command} --format junit -o out.xml", tmp_path)[0] == 2
    (case,) = ElementTree.parse(tmp_path / "out.xml").getroot().iter("testcase")
    assert [(part.tag, part.get("type")) for part in case] == [("error", "not-confirmed")]
    run = sarif(tmp_path, "lenet5 --confirm --max-memory 1MB")
    (told,) = run["invocations"][0]["toolExecutionNotifications"]
    assert told["message"]["text"].startswith("not confirmed: needs ")


@given(st.text(alphabet=st.characters()))
def test_junit_is_xml_whatever_is_told(text: str) -> None:
    found = junit.report(Outcome([], [], [text], 2))
    (case,) = ElementTree.fromstring(found.encode()).iter("testcase")
    legal = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
    assert case.attrib["name"] == legal


# Markdown


def as_read(text: str) -> str:
    """What a reader of Markdown sees, less the spaces."""
    parts = []
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parseInline(text):
        for child in token.children or ():
            assert child.type in ("text", "code_inline", "html_inline", "text_special"), child
            if child.type == "html_inline":
                assert child.content == "<!-- -->"
            else:
                parts.append(child.content)
    return "".join("".join(parts).split())


@given(st.text(alphabet="ab1 `*_[]()<>&!\\~|@#:;-", max_size=20))
def test_markdown_says_what_is_meant(text: str) -> None:
    spoken = as_read(f"x {markdown.escape(text)} x")
    assert spoken.replace("`", "") == "x" + "".join(text.split()).replace("`", "") + "x"


@given(st.text(alphabet="ab `*<>|\\", min_size=1, max_size=12))
def test_code_is_code(text: str) -> None:
    if text.split():
        assert as_read(f"x {markdown.code(text)} x") == "x" + "".join(text.split()) + "x"


def test_markdown_calls_nobody() -> None:
    assert markdown.escape("@someone fixes #12, `@code` 3 # 4") == (
        "@<!-- -->someone fixes #<!-- -->12, `@code` 3 # 4"
    )


def test_markdown_fits_a_comment(tmp_path: Path) -> None:
    lines = "".join(f"  - {{name: n{i}, type: conv2d, kernel: 3}}\n" for i in range(50))
    for number in range(20):
        file = tmp_path / f"net{number}.yaml"
        file.write_text(f"input: [3, 8, 8]\nlayers:\n{lines}", encoding="utf-8")
    _, printed = in_process("cnnshape check . --format markdown", tmp_path)
    assert 60_000 < len(printed) <= 65_536
    (rest,) = re.findall(r"^- … ([\d,]+) more findings$", printed, re.M)
    shown = len(re.findall(r"^- \*\*error", printed, re.M))
    _, concise = in_process("cnnshape check . --format concise", tmp_path)
    assert shown + int(rest.replace(",", "")) == len(concise.splitlines())


# Files


def test_yaml_that_is_no_model_can_be_passed_over(demonstration: Path) -> None:
    (demonstration / "ci.yaml").write_text("jobs: {}\n", encoding="utf-8")
    assert in_process("cnnshape check ci.yaml models/good.yaml -q", demonstration)[0] == 1
    command = "cnnshape check ci.yaml models/good.yaml --models-only -q"
    assert in_process(command, demonstration)[0] == 0
    assert in_process("cnnshape check ci.yaml --models-only", demonstration) == (0, "")


def test_a_file_name_that_is_no_text_is_marked(tmp_path: Path) -> None:
    try:
        shutil.copy(ROOT / "architectures/mnist-net-broken.yaml", tmp_path / "n\udcff.yaml")
    except (OSError, UnicodeError):
        pytest.skip("the file system has no such names")
    run = sarif(tmp_path, ".")
    assert run["artifacts"][0]["location"]["uri"] == "n%FF.yaml"
    for format in set(CheckFormat):
        code, _ = in_process(f"cnnshape check . --report {format}=out", tmp_path)
        assert code == 1
        assert "n" in (tmp_path / "out").read_text(encoding="utf-8")


if __name__ == "__main__":
    SNAPSHOTS.mkdir(exist_ok=True)
    for kind in CheckFormat:
        shown = kept(kind, reported(kind, DEMONSTRATION))
        (SNAPSHOTS / f"{kind}.txt").write_text(shown, encoding="utf-8")
    (DEMONSTRATION / "report").unlink()
