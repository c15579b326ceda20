"""The settings of a remote cache: what is accepted, and that no secret is shown or sent in the clear."""

import re

import pytest

from ktstr.base.errors import KtstrError
from ktstr.base.remote.settings import RemoteSettings, remote_settings

STORE = "https://cache.example.org/ktstr"


def environment(monkeypatch: pytest.MonkeyPatch, url: str = STORE, token: str = "", write: str = "") -> None:
    monkeypatch.delenv("KTSTR_OFFLINE", raising=False)
    monkeypatch.setenv("KTSTR_REMOTE_CACHE", url)
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_TOKEN", token)
    monkeypatch.setenv("KTSTR_REMOTE_CACHE_WRITE", write)


def test_without_an_address_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, "")
    assert remote_settings() is None


def test_offline_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch)
    monkeypatch.setenv("KTSTR_OFFLINE", "1")
    assert remote_settings() is None


def test_an_address_alone_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, f"{STORE}/")
    assert remote_settings() == RemoteSettings(STORE)


def test_a_token_alone_does_not_ask_for_writing(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, token="t")
    assert remote_settings() == RemoteSettings(STORE, "t", write=False)


def test_writing_is_asked_for_and_takes_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    environment(monkeypatch, token="t", write="1")
    assert remote_settings() == RemoteSettings(STORE, "t", write=True)


@pytest.mark.parametrize(
    ("url", "token", "write", "message"),
    [
        ("cache.example.org", "", "", "KTSTR_REMOTE_CACHE=cache.example.org: must be an address such as"),
        ("ftp://a", "", "", "KTSTR_REMOTE_CACHE=ftp://a: must be an address such as"),
        ("https://a:b", "", "", "KTSTR_REMOTE_CACHE=https://a:b: must be an address such as"),
        ("https://a/?x=1", "", "", "KTSTR_REMOTE_CACHE=https://a/?x=1: must be an address such as"),
        ("https://u:secret@a", "", "", "KTSTR_REMOTE_CACHE: must not hold a name or a password"),
        (
            "http://a",
            "t",
            "",
            "KTSTR_REMOTE_CACHE=http://a: KTSTR_REMOTE_CACHE_TOKEN would be sent in the clear",
        ),
        (STORE, "a b", "", "KTSTR_REMOTE_CACHE_TOKEN: must be of printable ASCII characters"),
        (STORE, "t", "yes", "KTSTR_REMOTE_CACHE_WRITE=yes: must be 1 or 0"),
        (STORE, "", "1", "KTSTR_REMOTE_CACHE_WRITE=1: writing takes a token"),
    ],
)
def test_what_is_not_accepted_is_one_line(
    monkeypatch: pytest.MonkeyPatch, url: str, token: str, write: str, message: str
) -> None:
    environment(monkeypatch, url, token, write)
    with pytest.raises(KtstrError, match=f"^{re.escape(message)}") as raised:
        remote_settings()
    assert "secret" not in str(raised.value)


def test_settings_do_not_show_the_token() -> None:
    assert "t0ken" not in repr(RemoteSettings(STORE, "t0ken"))
