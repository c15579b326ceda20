"""A kernel's own symbols, out of its image: the table that `scripts/kallsyms.c` makes, and /proc/kallsyms shows.

Names are sequences of tokens; a table has the 256 tokens, an index has where each begins. Before them are the names and
their markers (where each 256th name begins), behind them the addresses, as offsets.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Collection

from ktstr.base.errors import KtstrError

__all__ = ["functions_in", "symbols_in"]

_TOKENS = 256
# The digits are tokens of their own, in their order.
_DIGITS = b"".join(b"%d\0" % digit for digit in range(10))
_LONGEST_NAME = 512  # bytes of tokens
_LOAD = 1  # PT_LOAD


def symbols_in(image: bytes, wanted: Collection[str]) -> dict[str, int]:
    """The addresses of those of the `wanted` symbols that the kernel has; `image` is its ELF-64 file.

    Of several with one name the last counts. KtstrError if there is no table, or one of a form that is not known.
    """
    return _found(image, lambda name: name in wanted)


def functions_in(image: bytes, pattern: re.Pattern[str]) -> dict[str, int]:
    """The addresses of those of the kernel's functions whose whole name the pattern matches, as for `symbols_in`."""
    ends = ("_stext", "_etext")  # the kinds do not say: from 7.0 on variables have that of a function
    found = _found(image, lambda name: name in ends or pattern.fullmatch(name) is not None)
    first, last = (found.pop(end, 0) for end in ends)
    return {name: address for name, address in found.items() if first <= address < last}


def _found(image: bytes, wanted: Callable[[str], bool]) -> dict[str, int]:
    """The addresses of the symbols that are `wanted`, which is asked with each name."""
    try:
        for found in re.finditer(re.escape(_DIGITS), image):
            if (table := _token_table(image, found.start())) is not None:
                return _symbols(image, *table, wanted)
    except (struct.error, IndexError, ValueError) as error:
        raise KtstrError(f"the kernel's symbols cannot be read: {error}") from None
    raise KtstrError("the kernel's symbols cannot be read: its image has none (CONFIG_KALLSYMS)")


def _token_table(image: bytes, digits: int) -> tuple[int, int, list[bytes]] | None:
    """Where the table of tokens with these digits begins, where its index ends, and the tokens; None if it is none."""
    end = digits
    for _ in range(_TOKENS - ord("0")):
        end = image.find(b"\0", end) + 1
    index = _aligned(end)
    if index + 2 * _TOKENS > len(image):
        return None
    offsets = struct.unpack_from(f"<{_TOKENS}H", image, index)
    start = digits - offsets[ord("0")]
    tokens = image[start:end].split(b"\0")[:-1]
    if len(tokens) != _TOKENS or any(
        sum(len(token) + 1 for token in tokens[:at]) != offsets[at] for at in (0, 1, ord("9"), _TOKENS - 1)
    ):
        return None
    return start, index + _TOKENS * 2, tokens


def _symbols(
    image: bytes, tokens_at: int, index_end: int, tokens: list[bytes], wanted: Callable[[str], bool]
) -> dict[str, int]:
    names_at, count = _names(image, tokens_at)
    names = [text[1:] for text in _decoded(image, names_at, count, tokens)]  # the first letter is the kind
    offsets = struct.unpack_from(f"<{count}i", image, _aligned(index_end))
    places = [at for at, name in enumerate(names) if wanted(name)]
    text, same = names.index("_text"), names.index("_stext")
    # From 7.0 on an offset is relative to its own place in the table, 4 bytes behind that of the offset before.
    step = 4 if offsets[text] != offsets[same] else 0
    # Until 6.14 offsets of what is not a CPU's own are negative, and grow downwards.
    sign = -1 if step == 0 and offsets[text] < 0 else 1
    first = _first_address(image)
    return {
        names[at]: (first + sign * (offsets[at] - offsets[text]) + step * (at - text)) % 2**64
        for at in places
    }


def _names(image: bytes, tokens_at: int) -> tuple[int, int]:
    """Where the names begin, and how many there are; the markers are between them and the tokens."""
    at = tokens_at & ~3
    while (value := struct.unpack_from("<I", image, at - 4)[0]) == 0:
        at -= 4  # alignment
    markers = [value]
    at -= 4
    while markers[-1]:
        at -= 4
        markers += struct.unpack_from("<I", image, at)
        if markers[-1] >= markers[-2]:
            break
    groups = len(markers)
    # The number of names comes before them, and tells how many markers there are.
    last = (at - markers[0] - 4) & ~3
    for place in range(last, max(last - _TOKENS * _LONGEST_NAME, 0), -4):
        (count,) = struct.unpack_from("<I", image, place)
        if (count + _TOKENS - 1) // _TOKENS != groups:
            continue
        for names_at in (place + 4, place + 8):
            if groups < 2 or _after(image, names_at, _TOKENS) == names_at + markers[-2]:
                return names_at, count
    raise KtstrError("the kernel's symbols cannot be read: the number of names was not found")


def _length(image: bytes, at: int) -> tuple[int, int]:
    """How many tokens the name at `at` has, and where they begin: a byte, or two for a long name."""
    length = image[at]
    if length & 0x80:
        return length & 0x7F | image[at + 1] << 7, at + 2
    return length, at + 1


def _after(image: bytes, at: int, names: int) -> int:
    """The end of so many names that begin at `at`."""
    for _ in range(names):
        length, at = _length(image, at)
        at += length
    return at


def _decoded(image: bytes, at: int, count: int, tokens: list[bytes]) -> list[str]:
    names = []
    for _ in range(count):
        length, at = _length(image, at)
        names.append(b"".join(tokens[token] for token in image[at : at + length]).decode())
        at += length
    return names


def _first_address(image: bytes) -> int:
    """Where the image's first segment is: at `_text`."""
    (headers,) = struct.unpack_from("<Q", image, 0x20)
    length, count = struct.unpack_from("<HH", image, 0x36)
    for number in range(count):
        kind, _flags, _offset, address = struct.unpack_from("<IIQQ", image, headers + number * length)
        if kind == _LOAD:
            return int(address)
    raise KtstrError("the kernel's symbols cannot be read: its image has no segment")


def _aligned(at: int) -> int:
    return (at + 3) // 4 * 4
