"""The action's caches over many runs: who saves them, who finds them, and how large they get."""

from __future__ import annotations

from pathlib import Path

import pytest
from action_project import ROOT, ActionProject

# What a session leaves: a kernel and its guest, which outlive any change of a scheduler; what depends on the scheduler.
SESSION = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from ktstr.base import cache
from ktstr.kernel import store

kernel, scheduler = os.environ["IMAGE"], os.environ["SCHEDULER"]

def kept(kind, key, size):
    cache.entry(kind, key, "a test", lambda folder: (folder / "file").write_bytes(os.urandom(size)))

def image(folder):
    facts = {{"version": kernel, "release": kernel, "source": "a test", "image_sha256": "0" * 64}}
    store.write(folder, os.urandom(1_000_000), "CONFIG_X=y", facts)

cache.entry("kernels", f"{{kernel}}-debian-00000000", "a test", image)
kept("templates", f"guest-{{kernel}}", 3_000_000)
kept("results", f"result-{{kernel}}-{{scheduler}}", 5_000)
kept("bpf", scheduler, 1_500_000)
kept("builds", scheduler, 1_500_000)
kept("sources", scheduler, 1_500_000)
with cache.in_use("templates", f"guest-{{kernel}}"):
    pass
"""
LIMIT_GB = "0.01"


@pytest.fixture
def project(tmp_path: Path) -> ActionProject:
    return ActionProject(tmp_path, SESSION)


def push(
    project: ActionProject,
    scheduler: str,
    *,
    image: str = "7.0.13",
    branch: str = "main",
    event: str = "push",
) -> tuple[list[str], list[str]]:
    """What a run restored and saved, each as `guests` and `results`."""
    variables = {"SCHEDULER": scheduler, "IMAGE": image}
    done = project.run(branch, event, variables=variables, cache_limit_gb=LIMIT_GB)
    assert not done.failed, done.log
    assert done.annotations == []
    return [key.split("-")[1] for key in done.restored], [key.split("-")[1] for key in done.saved]


def test_only_the_default_branch_saves_and_all_restore_it(project: ActionProject) -> None:
    assert push(project, "a", branch="topic") == ([], [])
    assert push(project, "a") == ([], ["guests", "results"])
    assert push(project, "b", event="pull_request") == (["guests", "results"], [])
    assert push(project, "a") == (["guests", "results"], [])


def test_ten_pushes_keep_within_the_limit_a_cache_of_guests_for_each_kernel(project: ActionProject) -> None:
    """Each push changes the scheduler; the sixth finds a new kernel. All that is left over counts, and goes first."""
    both = ["guests", "results"]
    saved = [push(project, f"s{number}", image=f"7.0.{13 + number // 5}")[1] for number in range(10)]
    assert saved == [both, *[["results"]] * 4, both, *[["results"]] * 4]
    caches = project.last.caches
    assert caches.size() < 2 * float(LIMIT_GB) * 1e9 + 10 * 100_000
    kernels = [list(one.glob("files/.cache/ktstr/kernels/[0-9]*")) for one in caches.all("guests")]
    assert [[path.name for path in one] for one in kernels] == [
        ["7.0.13-debian-00000000"],
        ["7.0.14-debian-00000000"],
    ]


def test_a_cache_that_cannot_be_trimmed_to_the_limit_is_not_saved(project: ActionProject) -> None:
    """Kernels are never evicted."""
    variables = {"SCHEDULER": "a", "IMAGE": "7.0.13"}
    done = project.run(variables=variables, cache_limit_gb="0.0005")
    assert (done.failed, done.saved) == (False, [])
    assert done.annotations[0].startswith("::warning title=ktstr::cache-limit-gb: 0.0005: the cache has ")
