"""Sizes as arguments: an integer, or a formula of the sizes of the inputs."""

from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from cnnshape.layer import LARGEST, check_bounds, is_size


def _size_from(minimum: int) -> PlainValidator:
    def validate(value: Any) -> Any:
        if not is_size(value):
            raise PydanticCustomError("size", "must be an integer")
        check_bounds(value, minimum)
        return value

    return PlainValidator(validate)


AnySize = Annotated[int, _size_from(0), WithJsonSchema({"type": "integer", "minimum": 0})]
AnyExtent = Annotated[int, _size_from(-1), WithJsonSchema({"type": "integer", "minimum": -1})]
"""A size, or -1: what is left, or what is there."""
AnyInteger = Annotated[int, _size_from(-LARGEST), WithJsonSchema({"type": "integer"})]


def _validate_number(value: Any) -> Any:
    if not isinstance(value, bool | float) and not is_size(value):
        raise PydanticCustomError("number", "must be a number")
    return value


Number = Annotated[
    int | float, PlainValidator(_validate_number), WithJsonSchema({"type": "number"})
]
"""A number of any kind, infinities too, or a formula of sizes."""
