"""Frames: the messages between a session's host and the agent in its guest; see docs/plan.md.

A frame is a byte for its kind, the length of its data as a big-endian 16-bit number, and the data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = ["DATA_MOST", "Frame", "Kind", "Parser", "encode", "input_frames", "size_frame"]

DATA_MOST = 16384
"""How many bytes of data a frame may have: the agent's CHANNEL_MOST."""

_HEADER = struct.Struct(">cH")


class Kind(Enum):
    """What a frame carries. The first four kinds go to the guest; the others come from it."""

    INPUT = b"i"
    NO_MORE = b"e"
    SIZE = b"w"
    GOODBYE = b"g"
    OUTPUT = b"o"
    ERRORS = b"r"
    KERNEL = b"k"
    STATUS = b"s"


@dataclass(frozen=True)
class Frame:
    """One frame: its kind and data."""

    kind: Kind
    data: bytes = b""


def encode(frame: Frame) -> bytes:
    """The bytes of a frame."""
    return _HEADER.pack(frame.kind.value, len(frame.data)) + frame.data


def input_frames(data: bytes) -> Iterator[Frame]:
    """The frames that carry `data` as input of the guest."""
    for at in range(0, len(data), DATA_MOST):
        yield Frame(Kind.INPUT, data[at : at + DATA_MOST])


def size_frame(rows: int, columns: int) -> Frame:
    """The frame that gives the guest its terminal's size; each number is limited to 65535."""
    return Frame(Kind.SIZE, struct.pack(">HH", min(rows, 0xFFFF), min(columns, 0xFFFF)))


class Parser:
    """Splits a stream of bytes into frames, in whatever pieces the bytes arrive."""

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes; ValueError if one is too long or of an unknown kind."""
        self._unread += data
        frames = []
        while len(self._unread) >= _HEADER.size:
            kind, length = _HEADER.unpack_from(self._unread)
            if length > DATA_MOST:
                raise ValueError(f"a frame of {length} bytes")
            end = _HEADER.size + length
            if len(self._unread) < end:
                break
            frames.append(Frame(Kind(kind), self._unread[_HEADER.size : end]))
            self._unread = self._unread[end:]
        return frames
