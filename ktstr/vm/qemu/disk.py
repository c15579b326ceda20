"""An empty qcow2 image for snapshots of a machine, made without qemu-img.

The format is QEMU's docs/interop/qcow2. The clusters, of 64 KiB, are the header, the table of refcount
blocks, the one block of 16-bit refcounts, and the L1 table of a disk of 64 MiB, which is all unallocated.
"""

from __future__ import annotations

import struct

__all__ = ["empty_disk"]

_CLUSTER_BITS = 16
_CLUSTER = 1 << _CLUSTER_BITS
_SIZE = 64 << 20


def empty_disk() -> bytes:
    """The image's bytes."""
    header = struct.pack(
        ">4sIQIIQIIQQIIQQQQII",
        *(b"QFI\xfb", 3),  # magic, version
        *(0, 0),  # no backing file
        *(_CLUSTER_BITS, _SIZE, 0),  # not encrypted
        *(1, 3 * _CLUSTER),  # the L1 table's entries, each for 512 MiB, and where it is
        *(_CLUSTER, 1),  # where the refcount table is, and its clusters
        *(0, 0),  # no snapshots
        *(0, 0, 0),  # no features
        *(4, 104),  # refcounts of 2**4 bits; the header's length
    )
    image = bytearray(4 * _CLUSTER)
    image[: len(header)] = header
    struct.pack_into(">Q", image, _CLUSTER, 2 * _CLUSTER)
    struct.pack_into(">4H", image, 2 * _CLUSTER, 1, 1, 1, 1)
    return bytes(image)
