"""Documents whose commands are run: `sh` blocks in order, in one shell; a `text` block is what one printed."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_MARK = "-- end of block --"
_PROGRESS = re.compile(
    r"^(?:\.\.\. [0-9]+ of [0-9]+ done.*|looking for schedulers|[0-9]+ cells?: about .*)\n", re.MULTILINE
)


def run_page(page: Path, folder: Path, environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """For each `text` block what it says, and what was printed instead of it. All commands have to succeed."""
    blocks = _BLOCK.findall(page.read_text())
    commands = [text for kind, text in blocks if kind == "sh"]
    script = "set -eu\n" + f"echo '{_MARK}'\n".join(commands)
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    printed = done.stdout.replace(str(folder), "~").split(f"{_MARK}\n")
    assert len(printed) == len(commands)
    pairs, command = [], -1
    for kind, text in blocks:
        if kind == "sh":
            command += 1
        else:
            pairs.append((text, _without_head(printed[command])))
    return pairs


def rewritten(page: Path, outputs: list[str]) -> str:
    """The page with `outputs` in its `text` blocks."""
    left = iter(outputs)
    return _BLOCK.sub(
        lambda match: match[0] if match[1] == "sh" else f"```text\n{next(left).rstrip()}\n```",
        page.read_text(),
    )


def same_every_time(text: str) -> list[str]:
    """Output without what differs from one machine, or day, to another: numbers, how guests are run, and the order of
    lines, since some things are done at once."""
    text = re.sub(r"^VMs .*$", "VMs", text, flags=re.MULTILINE)
    text = re.sub(r"^ktstr: waiting for .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r" \(remembered\)|, [0-9]+ remembered", "", text)
    text = re.sub(r"[=_ -]{2,}", " ", re.sub(r"[0-9]+(\.[0-9]+)?", "N", text))
    return sorted(line for line in text.splitlines() if line.strip())


def _without_head(text: str) -> str:
    """Without pytest's first lines, which describe this machine's Python and plugins, and without lines of progress."""
    text = _PROGRESS.sub("", text)
    return re.sub(r"=+ test session starts =+\n(?:.*\n)*?(?=(?:PASS|FAIL|SKIP|ERROR)\b|\n)\n*", "", text)
