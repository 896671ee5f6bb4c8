"""timm's own source, read without PyTorch: a model of every other family, against PyTorch.

All models are read by `python benchmarks/timm_models.py`.
"""

from __future__ import annotations

import re
from collections import defaultdict

import pytest
from installed import needs
from timm_models import Model, differences, recorded

pytestmark = needs("timm")


def smallest() -> list[Model]:
    """Of every other family, by the beginning of its name, the model of the fewest parameters."""
    families: dict[str, list[Model]] = defaultdict(list)
    for model in recorded():
        families[re.match("[a-z]{1,6}", model.name)[0]].append(model)  # type: ignore[index]
    return [min(family, key=lambda model: model.params) for family in families.values()][::2]


MODELS = smallest()


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What differs, by the models' names; all are read in one process."""
    return differences(MODELS, tmp_path_factory.mktemp("timm") / "models.py")


@pytest.mark.parametrize("name", [model.name for model in MODELS])
def test_a_model_is_what_it_is_with_pytorch(name: str, found: dict[str, str]) -> None:
    assert found[name] == ""
