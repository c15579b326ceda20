"""Which remote cache there is, and what may be done with it: from the environment alone."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from ktstr.base.errors import KtstrError

__all__ = ["TOKEN", "URL", "WRITE", "RemoteSettings", "is_set", "remote_settings"]

URL = "KTSTR_REMOTE_CACHE"
"""The environment variable with the store's address."""
TOKEN = "KTSTR_REMOTE_CACHE_TOKEN"
"""The environment variable with the secret by which the store knows who asks."""
WRITE = "KTSTR_REMOTE_CACHE_WRITE"
"""The environment variable that, set to 1, asks for writing."""
_NO = ("", "0")
_HERE = ("localhost", "127.0.0.1", "::1")
_SECRET = re.compile(r"[\x21-\x7e]+")
_ACCEPTED = "must be an address such as https://cache.example.org/ktstr"


@dataclass(frozen=True)
class RemoteSettings:
    """A store's address, without a slash at its end, the secret if there is one, and whether to write.

    A token is sent as it is (Bearer). One with a colon is a user and a password, and is sent as these (Basic).
    """

    url: str
    token: str = field(default="", repr=False)
    write: bool = False


def is_set() -> bool:
    """Whether there is a remote cache and it is to be used: KTSTR_OFFLINE turns it off with every other network."""
    return bool(os.environ.get(URL)) and os.environ.get("KTSTR_OFFLINE", "0") in _NO


def remote_settings() -> RemoteSettings | None:
    """What the environment says; None if there is no remote cache, or nothing may be asked (KTSTR_OFFLINE).

    KtstrError naming the variable for an address or a token that is not accepted, for writing without a token, and for
    a token that would travel in the clear to another machine.
    """
    if not is_set():
        return None
    url = os.environ[URL].rstrip("/")
    parts = urlsplit(url)
    try:
        host, _ = parts.hostname, parts.port
    except ValueError:
        host = None
    if parts.username is not None or parts.password is not None:
        raise KtstrError(f"{URL}: must not hold a name or a password; {TOKEN} takes user:password")
    if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
        raise KtstrError(f"{URL}={url}: {_ACCEPTED}")
    token = os.environ.get(TOKEN, "")
    if token and not _SECRET.fullmatch(token):
        raise KtstrError(f"{TOKEN}: must be of printable ASCII characters without spaces")
    if token and parts.scheme == "http" and host not in _HERE:
        raise KtstrError(f"{URL}={url}: {TOKEN} would be sent in the clear; must begin with https://")
    wanted = os.environ.get(WRITE, "")
    if wanted not in (*_NO, "1"):
        raise KtstrError(f"{WRITE}={wanted}: must be 1 or 0")
    write = wanted == "1"
    if write and not token:
        raise KtstrError(f"{WRITE}=1: writing takes a token; set {TOKEN}")
    return RemoteSettings(url, token, write)
