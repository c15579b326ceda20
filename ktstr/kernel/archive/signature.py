"""Clear-signed text (RFC 9580, section 7), as Debian's `InRelease` is."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ktstr.base.errors import KtstrError, host_refuses
from ktstr.base.scratch import scratch

__all__ = ["Signed", "open_signed"]

_BEGIN = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE = "-----BEGIN PGP SIGNATURE-----"
_END = "-----END PGP SIGNATURE-----"


@dataclass(frozen=True)
class Signed:
    """The text that the signature covers, and in words how far the signature was checked."""

    text: str
    verified: bool
    state: str


def open_signed(content: bytes, keyrings: Sequence[Path], what: str) -> Signed:
    """Take the text out of clear-signed `content`, verified against the first of `keyrings` that exists.

    Without a keyring or a verifier (`gpgv` or `sqv`) the state says that nothing was checked; a signature
    that is checked and found bad, or made by none of the keyring's keys, raises KtstrError.
    """
    text, signature = _split(content, what)
    keyring = next((path for path in keyrings if path.is_file()), None)
    if keyring is None:
        return Signed(text, False, "signature not checked: no keyring")
    verifier = next((path for name in ("gpgv", "sqv") if (path := shutil.which(name))), None)
    if verifier is None:
        return Signed(text, False, "signature not checked: neither gpgv nor sqv is installed")
    with host_refuses(f"{what}: its signature cannot be checked"), scratch("signature") as folder:
        signed, detached = folder / "text", folder / "text.asc"
        signed.write_bytes(text.encode())
        detached.write_bytes(signature.encode())
        if verifier.endswith("gpgv"):
            _gpgv(verifier, keyring, detached, signed, what)
        else:
            _sqv(verifier, keyring, detached, signed, what)
    return Signed(text, True, "signature verified")


def _split(content: bytes, what: str) -> tuple[str, str]:
    """The signed text and its armoured signature; only those, with nothing before, between or after them."""
    try:
        lines = content.decode().rstrip().split("\n")
    except UnicodeDecodeError as error:
        raise KtstrError(f"{what}: not a signed text: {error.reason} at byte {error.start}") from error
    lines = [line.rstrip(" \t\r") for line in lines]
    if lines[0] != _BEGIN or lines[-1] != _END or lines.count(_SIGNATURE) != 1:
        raise KtstrError(
            f"{what}: not a clear-signed text; a proxy or a login page may have answered instead"
        )
    header_end = lines.index("") if "" in lines else len(lines)
    start = lines.index(_SIGNATURE)
    if header_end > start or not all(line.startswith("Hash: ") for line in lines[1:header_end]):
        raise KtstrError(f"{what}: not a clear-signed text: malformed header")
    text = [line.removeprefix("- ") for line in lines[header_end + 1 : start]]
    return "\n".join(text), "\n".join(lines[start:]) + "\n"


def _gpgv(verifier: str, keyring: Path, detached: Path, signed: Path, what: str) -> None:
    command = [verifier, "--status-fd", "1", "--keyring", str(keyring), str(detached), str(signed)]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    words = {line.split()[1] for line in run.stdout.splitlines() if line.startswith("[GNUPG:] ")}
    if "BADSIG" in words:
        raise KtstrError(_changed(what, keyring))
    # An archive signs with several keys, old and new: one that the keyring has is enough, hence no look at
    # the exit status.
    if "VALIDSIG" not in words or "GOODSIG" not in words:
        raise KtstrError(
            f"{what}: not signed by a valid key of {keyring}; a newer debian-archive-keyring may help"
        )


def _changed(what: str, keyring: Path) -> str:
    return f"{what}: bad signature (checked with {keyring}); it was changed after signing"


def _sqv(verifier: str, keyring: Path, detached: Path, signed: Path, what: str) -> None:
    command = [verifier, "--keyring", str(keyring), str(detached), str(signed)]
    run = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if "Message has been manipulated" in run.stderr:
        raise KtstrError(_changed(what, keyring))
    if run.returncode != 0:
        reason = next((line for line in reversed(run.stderr.splitlines()) if line.strip()), "no reason given")
        raise KtstrError(f"{what}: bad signature (checked with {keyring}): {reason.strip()}")
