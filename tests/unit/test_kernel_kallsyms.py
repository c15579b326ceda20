"""A kernel's symbols, out of images that have the table as `scripts/kallsyms.c` writes it."""

import struct

import pytest

from ktstr.base.errors import KtstrError
from ktstr.kernel.kallsyms import symbols_in

TEXT = 0xFFFFFFFF81000000
LIST = TEXT + 0x2199400
# Two groups of 256 and a third that is not full, in order of their addresses.
SYMBOLS = [
    ("_text", TEXT),
    ("_stext", TEXT),
    *((f"symbol_{number}", TEXT + 16 * number) for number in range(600)),
    ("x" * 200, TEXT + 0x10000),  # the length of its name takes two bytes
    ("bpf_kallsyms", LIST),
]


def image_with(symbols: list[tuple[str, int]], form: str = "own place", shift: int = 0) -> bytes:
    """An ELF file whose table has the addresses as offsets from a base, from their own places, or negative ones."""
    # A token is a character, but for one that is a word.
    tokens = [bytes([number]) if 32 < number < 127 else b"?" for number in range(256)]
    tokens[200] = b"symbol_"
    names, markers = b"", []
    for number, (name, _) in enumerate(symbols):
        if number % 256 == 0:
            markers.append(len(names))
        text = b"T" + name.encode()
        encoded = text.replace(b"symbol_", b"\xc8")
        size = len(encoded)
        names += (bytes([size]) if size < 128 else bytes([size & 0x7F | 0x80, size >> 7])) + encoded
    table = b"".join(token + b"\0" for token in tokens)
    places = [sum(len(token) + 1 for token in tokens[:at]) for at in range(256)]
    offsets = {
        "own place": [address - TEXT - 4 * number for number, (_, address) in enumerate(symbols)],
        "base": [address - TEXT for _, address in symbols],
        "negative": [TEXT - 1 - address for _, address in symbols],
    }[form]
    data = bytearray(struct.pack("<16sHHIQQQIHHHHHH", b"\x7fELF", 2, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0))
    data += struct.pack("<IIQQQQQQ", 1, 5, 0, TEXT, TEXT, 0, 0, 4096) + bytes(4 * shift)
    for part in (
        struct.pack("<I", len(symbols)) + names,
        struct.pack(f"<{len(markers)}I", *markers),
        table,
        struct.pack("<256H", *places),
        struct.pack(f"<{len(offsets)}i", *offsets),
    ):
        data += part + bytes(-len(part) % 4)
    return bytes(data)


@pytest.mark.parametrize("form", ["own place", "base", "negative"])
@pytest.mark.parametrize("shift", [0, 1])
def test_an_address_is_found_in_every_form_of_the_table(form: str, shift: int) -> None:
    image = image_with(SYMBOLS, form, shift)
    assert symbols_in(image, ["bpf_kallsyms", "symbol_599", "_text", "no_such"]) == {
        "bpf_kallsyms": LIST,
        "symbol_599": TEXT + 16 * 599,
        "_text": TEXT,
    }


def test_the_digits_elsewhere_in_the_image_are_no_table() -> None:
    image, digits = image_with(SYMBOLS), b"".join(b"%d\0" % digit for digit in range(10))
    assert symbols_in(image[:120] + digits + image[120:], ["_text"]) == {"_text": TEXT}


def test_an_image_without_a_table_is_an_error() -> None:
    with pytest.raises(KtstrError, match=r"its image has none \(CONFIG_KALLSYMS\)"):
        symbols_in(b"\x7fELF" + bytes(1000), ["_text"])


def test_a_damaged_table_is_an_error() -> None:
    image = image_with(SYMBOLS)
    with pytest.raises(KtstrError, match="the kernel's symbols cannot be read"):
        symbols_in(image[:-100], ["_text"])
