"""Data files, and how they are made to fit a model."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from training_data import Array, idx, patterns, write_mnist

import cnnshape
from cnnshape.graph import Graph
from cnnshape.training.dataset import dataset, split
from cnnshape.training.failure import DataError
from cnnshape.training.files import TRAIN, VALID, read_arrays
from cnnshape.training.idx import read_idx

X = np.arange(2 * 6 * 5, dtype=np.uint8).reshape(2, 6, 5)
Y = np.array([0, 2])


def graph(*shape: int, **fields: object) -> Graph:
    return cnnshape.load({"input": list(shape), "layers": ["flatten"], **fields}).graph


def refused(act: object, *arguments: object, **options: object) -> str:
    with pytest.raises(DataError) as error:
        act(*arguments, **options)  # type: ignore[operator]
    (found,) = error.value.diagnostics
    return f"{found.message}; {found.help}" if found.help else found.message


@pytest.mark.parametrize("compressed", [False, True])
def test_mnist_files_by_folder_and_by_name(tmp_path: Path, compressed: bool) -> None:
    write_mnist(tmp_path, "train", X, Y, compressed=compressed)
    write_mnist(tmp_path, "t10k", X[:1], Y[:1], compressed=compressed)
    suffix = ".gz" if compressed else ""
    for path in (tmp_path, tmp_path / f"train-images-idx3-ubyte{suffix}"):
        found = read_arrays(path)
        np.testing.assert_array_equal(found["x"], X)
        np.testing.assert_array_equal(found["y"], Y)
    assert len(read_arrays(tmp_path, VALID)["y"]) == 1


@pytest.mark.parametrize(
    ("code", "kind"), [(0x08, "u1"), (0x09, "i1"), (0x0B, "i2"), (0x0C, "i4"), (0x0D, "f4")]
)
def test_idx_types(tmp_path: Path, code: int, kind: str) -> None:
    values = np.array([[1, 2, 3], [4, 5, 100]])
    path = tmp_path / "values"
    path.write_bytes(idx(values.astype(f">{kind}"), code))
    found = read_idx(path)
    assert found.dtype == np.dtype(kind)
    np.testing.assert_array_equal(found, values)


def test_idx_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "a"
    cases = {
        b"": "is no IDX file: it begins with nothing, not with 00 00 08",
        b"PNG!": "is no IDX file: it begins with 50 4e 47 21, not with 00 00 08",
        idx(X)[:9]: "is cut off: 9 bytes do not hold 3 sizes",
        idx(X)[:-1]: "is cut off: 2 × 6 × 5 values take 60 bytes, 59 follow",
        idx(X) + b"0": "is too long: 2 × 6 × 5 values take 60 bytes, 61 follow",
    }
    for content, message in cases.items():
        path.write_bytes(content)
        assert refused(read_idx, path) == f"{path} {message}"
    path.write_bytes(gzip.compress(idx(X))[:-9])
    assert refused(read_idx, path).startswith(f"{path} cannot be decompressed: ")


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    assert "cannot read" in refused(read_arrays, path)
    path.write_bytes(b"")
    assert refused(read_arrays, path) == f"{path} is empty"
    np.savez(path, x=X, y=Y)
    path.write_bytes(path.read_bytes()[:-40])
    assert refused(read_arrays, path) == f"{path} is no .npz file, or cut off"
    np.savez(path, x=np.array([None]), y=Y)
    assert "cannot be read: Object arrays" in refused(read_arrays, path)
    folder = tmp_path / "folder"
    folder.mkdir()
    assert "holds neither x.npy and y.npy nor" in refused(read_arrays, folder)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(X))
    assert "are not beside it" in refused(read_arrays, folder)
    np.save(folder / "x.npy", X)
    assert "is one array" in refused(read_arrays, folder / "x.npy")


def test_a_folder_of_npy(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", X)
    np.save(tmp_path / "y.npy", Y)
    assert len(dataset(graph(1, 6, 5), read_arrays(tmp_path))) == 2


def test_names_tell_training_from_validation() -> None:
    arrays = {"x_train": X, "y_train": Y, "x_test": X[:1], "y_test": Y[:1]}
    assert len(dataset(graph(1, 6, 5), arrays, TRAIN)) == 2
    assert len(dataset(graph(1, 6, 5), arrays, VALID)) == 1


def test_bytes_become_0_to_1() -> None:
    model, rows = graph(1, 6, 5), np.array([1])
    x, y = dataset(model, {"x": X, "y": Y}).batch(model, rows)
    assert x["input"].dtype == np.float32
    np.testing.assert_array_equal(x["input"], X[1:, None] / np.float32(255))
    np.testing.assert_array_equal(y, [2])
    x, _ = dataset(model, {"x": X, "y": Y}, scale=False).batch(model, rows)
    np.testing.assert_array_equal(x["input"], X[1:, None])


def test_one_channel_may_be_left_out() -> None:
    assert dataset(graph(1, 6, 5), {"x": X, "y": Y}).inputs["input"].shape == (2, 1, 6, 5)
    last = graph(6, 5, 1, layout="channels_last")
    assert dataset(last, {"x": X, "y": Y}).inputs["input"].shape == (2, 6, 5, 1)


def test_several_inputs_by_their_names() -> None:
    model = cnnshape.load(
        {"inputs": {"a": [3], "b": [3]}, "layers": [{"type": "add", "from": ["a", "b"]}]}
    ).graph
    ones = np.ones((4, 3))
    data = dataset(model, {"a": ones, "b": ones, "y": ones})
    assert set(data.batch(model, np.array([0, 2]))[0]) == {"a", "b"}
    assert "no `b`, but `a`, `y`" in refused(dataset, model, {"a": ones, "y": ones})


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        (
            {"x": X[:, :5], "y": Y},
            "`input` is (N, 1, 6, 5), but the data are (2, 5, 5); "
            "give the model the size of the data: --input 1,5,5",
        ),
        (
            {"x": X.reshape(2, 30), "y": Y},
            "`input` is (N, 1, 6, 5), but the data are (2, 30); "
            "the number of values is right: write x.reshape(-1, 1, 6, 5)",
        ),
        (
            {"x": X[..., None], "y": Y},
            "`input` is (N, 1, 6, 5), but the data are (2, 6, 5, 1); "
            "the data have their channels last: write x.transpose(0, 3, 1, 2)",
        ),
        ({"x": X, "y": Y[:1]}, "the data holds 2 samples of `input`, but 1 targets"),
        ({"a": X}, "the data holds no `x`, but `a`; call the inputs `x` and the targets `y`"),
        ({"x": X}, "the data holds no `y`, but `x`; name an array `y`"),
        ({"x": X[:0], "y": Y[:0]}, "`x` in the data is empty: (0, 6, 5)"),
        ({"x": X, "y": np.array(["a", "b"])}, "`y` in the data holds <U1, not numbers"),
        ({"x": X * np.nan, "y": Y}, "`x` in the data is not finite in sample 0"),
    ],
)
def test_data_that_do_not_fit(arrays: dict[str, Array], message: str) -> None:
    assert refused(dataset, graph(1, 6, 5), arrays) == message


def test_a_split_loses_no_sample() -> None:
    x, _ = patterns(50, 3, 6, 5)
    data = dataset(graph(1, 6, 5), {"x": x, "y": np.arange(50)})
    train, valid = split(data, 0.2, np.random.default_rng(0))
    assert (len(train), len(valid)) == (40, 10)
    assert sorted([*train.target, *valid.target]) == list(range(50))
    np.testing.assert_array_equal(train.inputs["input"][:, 0], x[train.target])
    assert "leaves nothing" in refused(split, data, 0.001, np.random.default_rng(0))
