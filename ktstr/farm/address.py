"""Where a farm's scheduler is, as users write it, and where a run of a farm says its host."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ktstr.base.errors import KtstrError

__all__ = ["ACCEPTED", "HOST", "LOCAL", "Address", "parse"]

LOCAL = "local"
"""The word for this machine, in place of an address."""
ACCEPTED = "dask://host:8786, or dask+tls://host:8786"
"""What is accepted as a scheduler's address, for messages."""

HOST = "host.txt"
"""The file of a run's folder that names the host whose worker runs it."""

_PROTOCOLS = {"dask": "tcp", "dask+tls": "tls", "tcp": "tcp", "tls": "tls"}
# A host's name or an IPv4 address; an IPv6 address stands in brackets.
_ADDRESS = re.compile(
    r"(?P<scheme>[a-z+]+)://(?P<host>[A-Za-z0-9._-]+|\[[0-9a-fA-F:.%]+\]):(?P<port>[0-9]{1,5})/?"
)


@dataclass(frozen=True)
class Address:
    """A scheduler's address: `protocol` is Dask's, `tcp` or `tls`."""

    protocol: str
    host: str
    port: int

    @property
    def of_dask(self) -> str:
        """The address as Dask writes it: `tcp://host:8786`."""
        return f"{self.protocol}://{self.host}:{self.port}"

    def __str__(self) -> str:
        return f"dask{'+tls' if self.protocol == 'tls' else ''}://{self.host}:{self.port}"


def parse(text: str, where: str) -> Address:
    """The address in `text`: `dask://host:8786`, or as Dask writes it.

    KtstrError for anything else: `where`, and what is accepted.
    """
    match = _ADDRESS.fullmatch(text)
    protocol = _PROTOCOLS.get(match["scheme"]) if match else None
    if match is None or protocol is None or not 0 < int(match["port"]) < 65536:
        raise KtstrError(f"{where}{ACCEPTED}")
    return Address(protocol, match["host"], int(match["port"]))
