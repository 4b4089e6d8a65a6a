"""JSON, strictly: what two readers could read differently is refused.

Duplicate keys, other encodings, a byte order mark, NaN and Infinity, numbers beyond a double,
bodies deeper than anything here needs. The standard library alone accepts all of these, and
answers some with an exception that is no ValueError (docs/decisions.md).
"""

import json
import math
from typing import Any, NoReturn

MAX_DEPTH = 20
#: More digits than any number here has; the cost of reading a number grows with its square.
MAX_DIGITS = 40


def read(body: bytes) -> Any:
    """The value of a JSON text in UTF-8; ValueError for what can be read in two ways or not."""
    try:
        value = _DECODER.decode(body.decode("utf-8"))
    except RecursionError:  # deeper than the interpreter goes
        raise ValueError("too deep") from None
    if _depth(value) > MAX_DEPTH:
        raise ValueError("too deep")
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in an object")
    return found


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError("a number of too many digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number beyond a double")
    return number


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_constant
)


def _depth(value: Any) -> int:
    """How many objects and lists lie in one another; a bare value is 0."""
    deepest, open_values = 0, [(value, 1)]
    while open_values:
        current, depth = open_values.pop()
        if isinstance(current, dict | list):
            deepest = max(deepest, depth)
            inner = current.values() if isinstance(current, dict) else current
            open_values.extend((one, depth + 1) for one in inner)
    return deepest
