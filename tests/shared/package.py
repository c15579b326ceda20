"""Builds the sdist, and the wheel from it, into a folder, and checks them. `nox -s package` runs this.

Two builds have to give the same bytes, each file of the repository has to be in the sdist, and each of `ktstr/` in the
wheel. Needs build, hatchling and twine.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

__all__ = ["build", "main", "missing"]

ROOT = Path(__file__).resolve().parents[2]
# What a wheel has at other places than the repository.
ELSEWHERE = {
    "docs/sidecar.schema.json": "ktstr/report/sidecar.schema.json",
    "ci/action.yml": "ktstr/ci/action.yml",
    "ci/workflow.yml": "ktstr/ci/workflow.yml",
}


def build(root: Path, folder: Path) -> list[Path]:
    """The sdist and the wheel of the checkout at `root`, dated as its last commit."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH") or _git(root, "log", "-1", "--format=%ct").strip()
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(root)]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "SOURCE_DATE_EPOCH": epoch}
    )
    return sorted(folder.glob("ktstr-*"))


def missing(root: Path, sdist: Path, wheel: Path) -> list[str]:
    """The files of the repository that an archive lacks, each as `archive: file`."""
    tracked = _git(root, "ls-files", "-z").rstrip("\0").split("\0")
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        installed = set(archive.namelist())
    wanted = {name for name in tracked if name.startswith("ktstr/")} | set(ELSEWHERE.values())
    wanted |= {f"ktstr/{name}" for name in tracked if name.startswith("kernels/")}
    lacking = [f"{sdist.name}: {name}" for name in tracked if name not in packed]
    return lacking + [f"{wheel.name}: {name}" for name in sorted(wanted - installed)]


def main() -> int:
    """Print each archive's SHA-256; 1 if one is not as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=ROOT / "dist")
    folder: Path = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        one, two = build(ROOT, Path(first)), build(ROOT, Path(second))
        wrong = [
            f"{ours.name}: another build has other bytes"
            for ours, other in zip(one, two, strict=True)
            if ours.read_bytes() != other.read_bytes()
        ]
        wheel, sdist = sorted(one, key=lambda path: path.suffix != ".whl")
        wrong += [f"not in {name}" for name in missing(ROOT, sdist, wheel)]
        checked = subprocess.run([sys.executable, "-m", "twine", "check", "--strict", *one], check=False)
        folder.mkdir(parents=True, exist_ok=True)
        for path in one:
            (folder / path.name).write_bytes(path.read_bytes())
            print(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}")
    print("\n".join(wrong), end="\n" if wrong else "", file=sys.stderr)
    return 1 if wrong or checked.returncode else 0


def _git(root: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "-C", root, *arguments], check=True, capture_output=True, text=True)
    return done.stdout


if __name__ == "__main__":
    sys.exit(main())
