"""Text in files: its encoding, and which XML is safe to read."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, TypeVar

from kgwb.graph.errors import ContentError, GraphFileError, blame, empty_file
from kgwb.graph.files.sources import PACKED, OpenFile, Source, read_bytes
from kgwb.packages import load_package

OnError = Literal["raise", "skip"]
Parsed = TypeVar("Parsed")
# Guessed from the first bytes, longest first, because UTF-32 begins like UTF-16.
_BYTE_ORDER_MARKS = ((b"\xff\xfe\0\0", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
# Of all encodings at once, a few words of text may be anything; these are what tables come in, the likelier first.
_ENCODINGS = (["gb18030", "cp1252"], ["big5", "shift_jis", "euc_kr", "cp1251"])
_NESTED = re.compile(r"&[A-Za-z_]")


def parse_file(
    source: Source,
    parse: Callable[[Any], Parsed],
    *,
    expected: str,
    on_error: OnError = "raise",
    binary: bool = False,
    encoding: str | None = None,
) -> Parsed:
    """What a parser makes of a file; where it finds something wrong, the error names the file.

    Args:
        source: the file.
        parse: takes the file's text, or its bytes, and raises a `ContentError` where they break a rule.
        expected: what the file should hold, in words.
        on_error: "skip" lets bytes that are not UTF-8 through, as `read_text` does.
        binary: whether it is a file of bytes.
        encoding: that of the text, where it is not UTF-8.

    Raises:
        FileNotFoundError: there is no such file; names those near by.
        GraphFileError: the file is empty, not in its encoding, or not what the parser expects.
    """
    if binary:
        content: Any = _read_bytes(source, expected)
    else:
        content = read_text(source, expected=expected, on_error=on_error, encoding=encoding)
    with blame(source):
        return parse(content)


def read_text(source: Source, *, expected: str, on_error: OnError = "raise", encoding: str | None = None) -> str:
    """A file's text, in UTF-8 where nothing else is said; a byte order mark is taken off.

    With `on_error="skip"` bytes that are not UTF-8 come out as lone surrogates, for the caller to skip their line.

    Raises:
        FileNotFoundError: names the files near by.
        GraphFileError: the file is empty, or in another encoding; names it and the line that converts it.
    """
    data = _read_bytes(source, expected)
    if encoding is not None:
        return _decode(source, data, encoding)
    marked = next((name for mark, name in _BYTE_ORDER_MARKS if data.startswith(mark)), None)
    if marked is None and 0 in data[:4] and data.count(0, 0, 4000) > 20:
        marked = "utf-16-le" if data[1:2] == b"\0" else "utf-16-be"
    if marked:
        raise _wrong_encoding(source, marked, 1)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        if on_error == "skip":
            return data.decode("utf-8-sig", errors="surrogateescape")
        line = data.count(b"\n", 0, error.start) + 1
        raise _wrong_encoding(source, _guess_encoding(source, data, error.start), line) from None


def _decode(source: Source, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeError as problem:
        line = data.count(b"\n", 0, getattr(problem, "start", 0)) + 1
        raise GraphFileError(f"{source} is not in {encoding}: line {line} cannot be decoded. Type another.") from None
    except (LookupError, ValueError):  # no such name, or a name that none can have
        raise ValueError(f'encoding={encoding!r} came. Type a name Python knows, such as encoding="cp1252".') from None


def _read_bytes(source: Source, expected: str) -> bytes:
    data = read_bytes(source, expected)
    if not data:
        raise GraphFileError(f"{source}{empty_file(expected)}")
    return data


def _guess_encoding(path: Source, data: bytes, start: int) -> str:
    """The encoding that the line around a byte, and the lines below it, are most likely in."""
    needed_by = f"Guessing the encoding of {path}, which is not in UTF-8,"
    guess = load_package("charset_normalizer", needed_by, install="charset-normalizer").from_bytes
    piece = data[data.rfind(b"\n", 0, start) + 1 :][:4000]
    piece = piece[: piece.rfind(b"\n") + 1] or piece
    if not re.search(rb"[\x80-\xff]{2}|[\x80-\xbf]", piece):
        return "cp1252"  # accented letters, each among ASCII; a guess from so few is a lottery
    found = (guess(piece, cp_isolation=encodings).best() for encodings in _ENCODINGS)
    return next((str(match.encoding) for match in found if match), "cp1252")


def _wrong_encoding(source: Source, encoding: str, line: int) -> GraphFileError:
    came = f"{source} is not in UTF-8, the encoding expected: line {line} looks like {encoding}. Type"
    if isinstance(source, OpenFile) or Path(source).suffix.lower() in PACKED:
        return GraphFileError(f'{came} encoding="{encoding}" and read it again.')
    path = f"pathlib.Path({str(source)!r})"
    return GraphFileError(
        f"{came} "
        f'{path}.write_text({path}.read_text(encoding="{encoding}"), encoding="utf-8") and read it again. '
        f'Or give read_graph the argument encoding="{encoding}".'
    )


def refuse_nested_entities(text: str) -> None:
    """Refuse XML whose entities hold each other, because a few lines of it can grow to gigabytes.

    defusedxml alone refuses every entity; those that stand for plain text are common in ontologies, and stay.

    Raises:
        ContentError: an entity is defined by another one, or outside the file.
        ImportError: the text defines entities and defusedxml is not installed; gives the line that installs it.
    """
    if "<!ENTITY" not in text:
        return
    defused = load_package("defusedxml.ElementTree", "Reading XML that defines entities")

    class Definitions(defused.DefusedXMLParser):  # type: ignore[name-defined]
        def defused_entity_decl(self, name: str, is_parameter: int, value: str | None, *place: str | None) -> None:
            # Behind a parameter entity the parser would no longer report what is defined.
            if is_parameter or value is None or _NESTED.search(value):
                raise defused.EntitiesForbidden(name, value, *place)

    with suppress(defused.ParseError):  # the format's own reader says where it is broken
        try:
            Definitions(target=object()).feed(text)  # a target without methods keeps nothing
        except (defused.EntitiesForbidden, defused.ExternalReferenceForbidden):
            rule = "defines XML entities by other entities, which can grow without bound. Spell them out."
            raise ContentError(rule) from None
