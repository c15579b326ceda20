"""A page as HTML: templates, the style and the script in it, and the policy that allows nothing else."""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from ktstr.pages.bytecode import ByteCode
from ktstr.pages.words import MARKS, bounded, duration, harmless, plain, seconds

__all__ = ["policy", "rendered", "whole"]

_TEMPLATES = Path(__file__).parent / "templates"


def rendered(template: str, **values: Any) -> Markup:
    """A template filled in. Values are escaped unless they are Markup."""
    return Markup(_environment().get_template(template).render(values))


def whole(title: str, parts: Sequence[tuple[str, str, Markup]], *, lead: Markup, up: str = "") -> str:
    """A whole page of parts: the name in links, the heading and the HTML of each. `up` is where its index is."""
    style, script = _file("style.css"), _file("script.js")
    return rendered(
        "page.html", title=title, parts=parts, lead=lead, up=up, style=style, script=script, policy=policy()
    )


@functools.cache
def policy() -> str:
    """The content security policy: this style and this script, and nothing from anywhere."""
    return (
        f"default-src 'none'; style-src {_hash('style.css')}; script-src {_hash('script.js')}; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


@functools.cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_finalized,
        bytecode_cache=ByteCode(_TEMPLATES, Path(__file__)),
    )
    environment.filters.update(
        plain=plain, breakable=_breakable, bounded=bounded, duration=duration, seconds=seconds
    )
    environment.globals.update(mark=MARKS.__getitem__)
    return environment


def _breakable(text: str) -> Markup:
    """A name that may be broken after each underscore and slash, as on a narrow screen."""
    return Markup(str(escape(harmless(text))).replace("_", "_<wbr>").replace("/", "/<wbr>"))


def _finalized(value: object) -> object:
    """What is put into a page: text that others wrote may come from anywhere, so none is left as it is."""
    return harmless(value) if isinstance(value, str) and not isinstance(value, Markup) else value


@functools.cache
def _file(name: str) -> Markup:
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))


def _hash(name: str) -> str:
    # Of the text between the tags, to the byte.
    digest = hashlib.sha256(_file(name).encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
