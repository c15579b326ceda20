"""What all unit tests share."""

import itertools
import shutil
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from debian_archive import DebianArchive, SigningKey
from hypothesis import settings
from local_server import Server, serving

from ktstr.base import download

# A verdict depends neither on how busy the host is nor on chance.
settings.register_profile("ktstr", deadline=None, derandomize=True)
settings.load_profile("ktstr")

# A shell makes its background jobs ignore it, and the programs that tests interrupt would inherit that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def key() -> Iterator[SigningKey]:
    if not shutil.which("gpg") or not (shutil.which("gpgv") or shutil.which("sqv")):
        pytest.skip("needs gpg to sign, and gpgv or sqv to verify")
    # Not below tmp_path: gpg-agent's socket has to fit into 107 bytes.
    with tempfile.TemporaryDirectory(prefix="gpg-") as folder:
        key = SigningKey.make(Path(folder, "home"))
        yield key
        key.close()


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def archive(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DebianArchive:
    """An unsigned archive that the settings point to, and an empty cache."""
    for name in ("KTSTR_OFFLINE", "KTSTR_KERNEL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setenv("KTSTR_SOURCES", "debian-source")
    monkeypatch.setenv("KTSTR_DEBIAN_MIRROR", server.url)
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", "")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(download, "_BACKOFF_S", (0.0,) * 4)
    monkeypatch.setattr(download, "_CONNECT_BACKOFF_S", (0.0,))
    return DebianArchive(server)


@pytest.fixture
def signed(archive: DebianArchive, key: SigningKey, monkeypatch: pytest.MonkeyPatch) -> DebianArchive:
    """The same, signed with a key that the keyring has."""
    archive.key = key
    monkeypatch.setenv("KTSTR_DEBIAN_KEYRING", str(key.keyring))
    return archive


@pytest.fixture(scope="session")
def _own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """New folders, one for each test of this process."""
    return (tmp_path_factory.mktemp("own") for _ in itertools.repeat(None))


@pytest.fixture(autouse=True)
def _nothing_of_the_host(_own: Iterator[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Give each test a cache and cores of its own, so that no other test and no real VM can make it wait."""
    folder = next(_own)
    (folder / "cores").mkdir()
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(folder / "cache"))
    monkeypatch.setenv("KTSTR_CORES_DIR", str(folder / "cores"))
    monkeypatch.delenv("KTSTR_REMOTE_CACHE", raising=False)
    monkeypatch.setenv(
        "KTSTR_REPORT", "off"
    )  # a page for each of the hundreds of sessions would take minutes
