"""The verifiers of signatures: a host with `gpgv` and one with `sqv` only give the same messages."""

from __future__ import annotations

import errno
import shutil
import tempfile
from pathlib import Path

import pytest

from ktstr import KtstrError
from ktstr.kernel.archive.signature import open_signed

SIGNED = b"""-----BEGIN PGP SIGNED MESSAGE-----
Hash: SHA512

linux-9.1.3
-----BEGIN PGP SIGNATURE-----
-----END PGP SIGNATURE-----
"""
# Captured from sqv 1.3.0, which is in Debian 13's minimal set; gpgv is not.
MANIPULATED = "Verifying signature:\n           Message has been manipulated\n"


def host(monkeypatch: pytest.MonkeyPatch, folder: Path, errors: str) -> Path:
    """A host whose only verifier is an sqv that refuses with `errors`; its keyring."""
    program, keyring = folder / "bin" / "sqv", folder / "keyring.pgp"
    program.parent.mkdir()
    (folder / "errors").write_text(errors)
    program.write_text(f"#!/bin/sh\n{shutil.which('cat')} '{folder / 'errors'}' >&2\nexit 1\n")
    program.chmod(0o755)
    keyring.touch()
    monkeypatch.setenv("PATH", str(program.parent))
    return keyring


def test_sqv_reports_a_changed_text_as_gpgv_does(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keyring = host(monkeypatch, tmp_path, MANIPULATED)
    with pytest.raises(KtstrError) as refused:
        open_signed(SIGNED, [keyring], "the list")
    assert str(refused.value) == (
        f"the list: bad signature (checked with {keyring}); it was changed after signing"
    )


def test_any_other_reason_of_sqv_is_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    keyring = host(monkeypatch, tmp_path, "No key to verify\n\n")
    with pytest.raises(KtstrError) as refused:
        open_signed(SIGNED, [keyring], "the list")
    assert str(refused.value) == f"the list: bad signature (checked with {keyring}): No key to verify"


def test_a_disk_that_takes_no_temporary_file_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    keyring = host(monkeypatch, tmp_path, "")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(KtstrError, match=r"^a temporary folder cannot be made: .*/gone/.*: No such file"):
        open_signed(SIGNED, [keyring], "the list")

    def full(_path: Path, _data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        KtstrError, match=r"^the list: its signature cannot be checked: No space left on device$"
    ):
        open_signed(SIGNED, [keyring], "the list")
