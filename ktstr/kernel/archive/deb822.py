"""The format of Debian's indexes, release files and lists of sources: paragraphs of fields (deb822(5)).

python-debian reads it too, for every use that it has; for the few hundred paragraphs that every start of a session
reads that takes ten times as long.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

__all__ = ["Stanza", "stanzas"]

Stanza = dict[str, str]
"""The fields of one paragraph, by name; lines that continue a value follow it as they are, each after a newline."""


def stanzas(lines: Iterable[str]) -> Iterator[Stanza]:
    """The paragraphs of a file, which blank lines part. Comments and lines without a field are left out."""
    fields: Stanza = {}
    name = ""
    for line in lines:
        line = line.rstrip()
        if not line:
            if fields:
                yield fields
            fields, name = {}, ""
        elif line[0] in " \t":
            if name:
                fields[name] += f"\n{line}"
        elif line[0] != "#":
            name, colon, value = line.partition(":")
            name = name.rstrip()
            if not colon or not name or " " in name or "\t" in name:
                name = ""
                continue
            fields[name] = value.strip()
    if fields:
        yield fields
