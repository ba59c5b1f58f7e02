"""Bytes and JSON changed at random, as a bad disk or a careless program leaves them."""

from __future__ import annotations

import random
from typing import Any

SIGNS = (
    *(
        b"\x00",
        b"\n",
        b"\r",
        b"\t",
        b'"',
        b"'",
        b"\\",
        b",",
        b";",
        b"{",
        b"}",
        b"[",
        b"]",
        b"<",
        b">",
        b"&",
        b"-1",
        b"#",
        b"@",
    ),
    *(
        b"1e999",
        b"NaN",
        b"null",
        b"99999999999999999999",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\xed\xa0\x80",
        b"\xc3",
        b"\x85",
    ),
    *("\u2028".encode(), "\u200b".encode(), "\u202e".encode(), "é".encode(), "e\u0301".encode(), "🙂".encode()),
)


def mutate(data: bytes, chance: random.Random) -> bytes:
    """A few bytes changed, cut away, doubled, or put elsewhere."""
    new = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at, length = chance.randrange(len(new) + 1), chance.choice((1, 2, 8, 100))
        match chance.randrange(6):
            case 0:
                new[at : at + length] = chance.randbytes(min(length, len(new) - at))
            case 1:
                del new[at : at + length]
            case 2:
                new[at:at] = new[at : at + length]
            case 3:
                new[at:at] = chance.randbytes(length)
            case 4:
                new[at:at] = chance.choice(SIGNS)
            case _:
                del new[at:]
    return bytes(new)


HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    10**12,
    10**400,
    float("nan"),
    float("inf"),
    "",
    "x",
    "\ud800",
    "../x",
    "\0",
)
HOSTILE += ([], [1], [[]], {}, {"name": 1}, "torch.float16", "TransE", [None], "9" * 5000)


def change_json(value: Any, chance: random.Random) -> Any:
    """The same with one part, anywhere, replaced, removed or added."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(sorted(value))
        rest = {key: part for key, part in value.items() if key != name}
        match chance.randrange(8):
            case 0:
                return rest
            case 1:
                return value | {name + "x": value[name]}
            case _:
                return rest | {name: change_json(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.8:
        at = chance.randrange(len(value))
        return [*value[:at], *([change_json(value[at], chance)] * chance.choice((1, 1, 1, 0, 2))), *value[at + 1 :]]
    return chance.choice(HOSTILE)
