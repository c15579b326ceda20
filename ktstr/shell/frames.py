"""Frames: what passes between a session's host and its guest's agent, see docs/plan.md.

A frame is a kind, the length of its data in two bytes, the high one first, and the data.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

__all__ = ["DATA_MOST", "Frame", "Kind", "Parser", "encode", "input_frames", "size_frame"]

DATA_MOST = 16384
"""The bytes of data that a frame may have: the agent's CHANNEL_MOST."""

_HEADER = struct.Struct(">cH")


class Kind(Enum):
    """What a frame carries; the first four go to the guest, the others come from it."""

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
    """A frame's kind and data."""

    kind: Kind
    data: bytes = b""


def encode(frame: Frame) -> bytes:
    """The frame's bytes."""
    return _HEADER.pack(frame.kind.value, len(frame.data)) + frame.data


def input_frames(data: bytes) -> Iterator[Frame]:
    """The frames in which `data` is typed."""
    for at in range(0, len(data), DATA_MOST):
        yield Frame(Kind.INPUT, data[at : at + DATA_MOST])


def size_frame(rows: int, columns: int) -> Frame:
    """What tells the guest of its terminal's size; what does not fit into 16 bits is cut."""
    return Frame(Kind.SIZE, struct.pack(">HH", min(rows, 0xFFFF), min(columns, 0xFFFF)))


class Parser:
    """Frames out of the bytes of a stream, however they are cut."""

    def __init__(self) -> None:
        self._unread = b""

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that `data` completes; ValueError where it is none of a known kind."""
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
