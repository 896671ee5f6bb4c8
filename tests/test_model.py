"""The Python interface."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import cnnshape

NET = {
    "name": "net",
    "input": [1, 28, 28],
    "vars": {"width": 10},
    "layers": [
        {"name": "conv", "type": "conv2d", "out_channels": "${width}", "kernel_size": 5},
        "flatten",
        {"name": "fc", "type": "linear", "out_features": 3},
    ],
}


def test_a_mapping_is_a_model_file_as_data() -> None:
    model = cnnshape.load(NET)
    assert model.name == "net"
    assert model.output_shape("conv") == ("N", 10, 24, 24)
    assert model.output_shape() == model.output_shape("fc") == ("N", 3)
    assert model.output_shape("input") == ("N", 1, 28, 28)


def test_input_and_vars_are_the_options_of_the_command_line() -> None:
    model = cnnshape.load(NET, input="1,10,12", vars={"width": 4})
    assert model.output_shape("conv") == ("N", 4, 6, 8)
    assert cnnshape.load(NET, input=[1, 10, 12]).output_shape("conv") == ("N", 10, 6, 8)
    assert cnnshape.load(NET, input={"input": (1, 6, 5)}).output_shape("conv") == ("N", 10, 2, 1)


def test_an_analysis_tells_layers_totals_and_diagnostics() -> None:
    analysis = cnnshape.load(NET).check()
    assert analysis.ok
    assert [item.rule for item in analysis.diagnostics] == ["linear-after-linear"]
    assert [layer.name for layer in analysis.layers] == ["conv", "flatten_1", "fc"]
    # 5·5·1·10 + 10 and 10·24·24·3 + 3; 250·24·24 and 5,760·3
    assert analysis.totals.params == 260 + 17_283
    assert analysis.totals.macs == 144_000 + 17_280
    field = analysis.layers[0].receptive_field
    assert field is not None
    assert (field.size, field.stride, field.start) == ((5, 5), (1, 1), (0, 0))


def test_a_fractional_stride_is_kept_exact() -> None:
    up = {"type": "conv_transpose2d", "out_channels": 2, "kernel_size": 2, "stride": 2}
    model = cnnshape.load({"input": [1, 5, 7], "layers": [up]})
    field = model.check().layers[0].receptive_field
    assert field is not None
    assert field.stride == (Fraction(1, 2), Fraction(1, 2))
    data = model.check().to_dict()["layers"][0]["receptive_field"]
    assert data == {"size": [1, 1], "stride": ["1/2", "1/2"], "start": [0, 0]}


def test_a_path_and_a_bundled_name_load(tmp_path: Path) -> None:
    file = tmp_path / "net.yaml"
    file.write_text("input: [3, 8, 8]\nlayers: [flatten]\n", encoding="utf-8")
    assert cnnshape.load(file).output_shape() == ("N", 192)
    assert cnnshape.load(str(file)).name == "net"
    assert cnnshape.load("lenet5").output_shape() == ("N", 10)


def test_a_faulty_model_loads_and_tells_its_faults() -> None:
    analysis = cnnshape.load("mnist-net-broken").check()
    assert not analysis.ok
    assert [item.rule for item in analysis.diagnostics] == ["size-mismatch"]


@pytest.mark.parametrize("source", ["no-such-model", "no/such.yaml", {"input": object()}, {}])
def test_what_is_no_model_raises(source: object) -> None:
    with pytest.raises(cnnshape.CnnshapeError) as caught:
        cnnshape.load(source).output_shape()  # type: ignore[arg-type]
    assert caught.value.diagnostics


def test_options_that_do_not_fit_raise() -> None:
    for options in ({"vars": {"wdth": 3}}, {"input": "3,%"}, {"input": {"image": [3, 4]}}):
        with pytest.raises(cnnshape.UnreadableError):
            cnnshape.load(NET, **options)  # type: ignore[arg-type]


def test_a_shape_that_a_fault_leaves_unknown_raises_with_the_fault() -> None:
    pool = {"name": "pool", "type": "max_pool2d", "kernel_size": 40}
    model = cnnshape.load({"input": [1, 28, 28], "layers": [pool, "flatten"]})
    with pytest.raises(cnnshape.ModelError, match="pool") as caught:
        model.output_shape("flatten_1")
    assert [item.rule for item in caught.value.diagnostics] == ["empty-output"]
    with pytest.raises(cnnshape.ModelError):
        model.output_shape("no-such-layer")


def test_a_notebook_shows_the_table_and_the_faults() -> None:
    html = cnnshape.load("mnist-net-broken").check()._repr_html_()
    assert "<th>Params</th>" in html
    assert "takes 100 features, but 320 arrive" in html
    weird = {**NET, "name": "<b>"}
    assert "<b><b></b>" not in cnnshape.load(weird).check()._repr_html_()


def test_importing_the_package_imports_nothing_heavy() -> None:
    code = "import sys, cnnshape; print({'pydantic', 'yaml', 'numpy', 'rich'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"
    with pytest.raises(AttributeError):
        _ = cnnshape.no_such_thing


@pytest.mark.parametrize(
    ("shape", "rules"),
    [("3,8,8", ["expectation-failed"] * 3), ("3,9,9", [])],
    ids=["the file's input", "another input"],
)
def test_an_expectation_of_sizes_speaks_of_the_files_own_input(
    shape: str, rules: list[str]
) -> None:
    expect = {"shape": [4, 5, 5], "params": 111, "macs": 1}
    conv = {"type": "conv2d", "out_channels": 4, "kernel_size": 3, "expect": expect}
    model = cnnshape.load({"input": [3, 8, 8], "layers": [conv]}, input=shape)
    assert [item.rule for item in model.check().diagnostics] == rules
