"""Tasks on kernels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from invoke.context import Context
from invoke.tasks import task

if TYPE_CHECKING:
    from ktstr.kernel.build import Recipe
    from ktstr.kernel.model import Kernel
    from ktstr.kernel.record import Record
    from ktstr.kernel.sources.source import Code, Offer

__all__ = ["kernel_build", "kernel_clean", "kernel_configure", "kernel_fetch", "kernel_list", "sched_build"]

_KERNEL = "which kernel: 7.0.13, 7.0, 7, 6.16..7.0, latest, auto, ../linux, ...; see docs/kernels.md"
_SOURCE = 27  # characters of a kernel's source that `kernel-list` shows
_WIDEST = 100  # columns of a table
_BUILD = {
    "kernel": "which source: 6.12, latest (default), longterm, mainline, ../linux, ../linux#v7.0, git+https://...#v7.0",
    "config": "add a fragment: a name of kernels/ such as preempt-rt, or a file; may be given several times",
    "set": "add an option: CONFIG_X=y; may be given several times",
    "debug": "add the debug fragment, and keep the DWARF beside the image",
    "llvm": "compile with clang instead of gcc",
}


@task(help={"kernel": _KERNEL, "debug": "also fetch its debug symbols (some 350 MB), for `replay --gdb`"})
def kernel_fetch(context: Context, kernel: str | None = None, debug: bool = False) -> None:
    """Fetch a kernel into the cache; build it if no image of it is published.

    ktstr kernel-fetch --kernel 7.0
    """
    from pathlib import Path

    from ktstr.kernel.images.debug import fetch_debug_image
    from ktstr.kernel.record import recording
    from ktstr.kernel.resolve import resolve

    with recording("fetch", _folder_name(kernel or "auto"), Path.cwd()) as record:
        kernels = resolve(kernel)
        record.key = kernels[-1].key
        for one in kernels:
            print(f"{one.key}  {one.source}")
            _describe(record, one)
            if debug:
                print(f"{one.key}  debug symbols in {fetch_debug_image(one)}")


@task(iterable=["config", "set"], help=_BUILD)
def kernel_build(
    context: Context,
    kernel: str = "latest",
    config: Sequence[str] | None = None,
    set: Sequence[str] | None = None,
    debug: bool = False,
    llvm: bool = False,
) -> None:
    """Build a kernel from source into the cache.

    ktstr kernel-build --kernel 6.12
    ktstr kernel-build --kernel ../linux --config preempt-rt --debug
    """
    import sys
    from pathlib import Path

    from ktstr.kernel.build import build
    from ktstr.kernel.offered import build_offer
    from ktstr.kernel.record import recording
    from ktstr.kernel.sources.source import Code

    recipe = _recipe_of(config or (), set or (), debug, llvm)
    for what in _sources(kernel):
        origin = what.origin if isinstance(what, Code) else f"{what.version}, from {what.where}"
        print(f"ktstr: building kernel {origin}", file=sys.stderr, flush=True)
        with recording("build", recipe(what).digest, Path.cwd()) as record:
            built = build(recipe(what)) if isinstance(what, Code) else build_offer(what, recipe)
            record.key = built.key
            record.files["build.log"] = built.image.parent / "build.log"
            _describe(record, built)
            print(f"{built.key}  {built.source}")


@task(iterable=["config", "set"], help=_BUILD)
def kernel_configure(
    context: Context,
    kernel: str = "latest",
    config: Sequence[str] | None = None,
    set: Sequence[str] | None = None,
    debug: bool = False,
    llvm: bool = False,
) -> None:
    """Configure a kernel as kernel-build would, check it, and say where the configuration is.

    ktstr kernel-configure --kernel 6.12 --set CONFIG_HZ=1000
    """
    from pathlib import Path

    from ktstr.base.results import results_dir
    from ktstr.kernel.build import configure
    from ktstr.kernel.record import recording
    from ktstr.kernel.sources.offers import fetch_code
    from ktstr.kernel.sources.source import Code

    recipe = _recipe_of(config or (), set or (), debug, llvm)
    for what in _sources(kernel):
        with recording("configure", recipe(what).digest, Path.cwd()) as record:
            one = recipe(what if isinstance(what, Code) else fetch_code(what))
            version, path = configure(one)
            record.key = f"{version}-built-{one.digest}"
            record.log.append(f"{version}: {one.code.origin}")
            record.files["config"] = path
        place = results_dir(Path.cwd()) / "kernels" / record.key / "config"
        print(place.relative_to(Path.cwd()) if place.is_relative_to(Path.cwd()) else place)


@task(
    help={
        "kernel": f"{_KERNEL}: shows what this means, fetches nothing",
        "json": "print the list as JSON",
    }
)
def kernel_list(context: Context, kernel: str | None = None, json: bool = False) -> None:
    """List the kernels in the cache, or what --kernel means.

    ktstr kernel-list
    ktstr kernel-list --kernel 6.16..=7.0
    """
    import json as json_format

    rows = _meant(kernel) if kernel is not None else _in_cache()
    if json:
        print(json_format.dumps(rows, indent=2))
    elif rows:
        _table(rows)
    else:
        print("no kernel in the cache; `ktstr kernel-fetch --kernel 7.0` fetches one")


@task(
    help={
        "key": "remove this one, as kernel-list prints it",
        "keep": "of each series keep this many, the newest",
        "older_than": "remove what was fetched or built longer ago than this many days",
        "all": "remove all",
        "json": "print what was done as JSON",
    }
)
def kernel_clean(
    context: Context,
    key: str | None = None,
    keep: str | None = None,
    older_than: str | None = None,
    all: bool = False,
    json: bool = False,
) -> None:
    """Remove kernels from the cache, never one in use; with it what unfinished builds have left.

    ktstr kernel-clean --keep 1
    ktstr kernel-clean --older-than 30
    """
    import json as json_format

    from ktstr.base.errors import KtstrError
    from ktstr.kernel.clean import clean
    from ktstr.tasks.values import whole_number

    if [key is not None, keep is not None, older_than is not None, all].count(True) != 1:
        raise KtstrError(
            "kernel-clean: say what to remove: one of --key KEY, --keep N, --older-than DAYS, --all"
        )
    days = whole_number(older_than, "kernel-clean: --older-than", 0, "days")
    removed, used = clean(
        key=key,
        keep=whole_number(keep, "kernel-clean: --keep", 0, "kernels"),
        older_than_s=None if days is None else days * 86_400,
    )
    if json:
        print(json_format.dumps({"removed": removed, "in_use": used}, indent=2))
        return
    for name in removed:
        print(f"removed  {name}")
    for name in used:
        print(f"in use   {name}")
    if not removed and not used:
        print("nothing to remove")


@task(
    help={
        "kernel": "which kernel's types to build with; default: the newest of the source's series",
        "series": 'which kernel source, "7.3" or "newest"; default: kernels/sources.toml',
    }
)
def sched_build(context: Context, kernel: str | None = None, series: str | None = None) -> None:
    """Build the kernel tree's own schedulers (scx_simple, scx_qmap, ...).

    ktstr sched-build
    ktstr sched-build --kernel 7.3
    """
    from ktstr.kernel.resolve import resolve
    from ktstr.kernel.tools import build_tools

    if series is not None and series != "newest":
        _check_series(series)
    folder = build_tools(resolve(kernel)[-1] if kernel else None, series)
    for tool in sorted(folder.iterdir()):
        print(tool)


def _check_series(text: str) -> None:
    from ktstr.base.errors import KtstrError
    from ktstr.kernel.spec import Series, parse

    try:
        known = isinstance(parse(text), Series)
    except KtstrError:
        known = False
    if not known:
        raise KtstrError(f"sched-build: --series {text}: must be a series such as 7.3, or newest")


def _recipe_of(
    fragments: Sequence[str], settings: Sequence[str], debug: bool, llvm: bool
) -> Callable[[Code | Offer], Recipe]:
    """The function that makes a recipe of code, or of code that is only offered so far."""
    from ktstr.kernel.build import Recipe, find_toolset
    from ktstr.kernel.fragment import wanted
    from ktstr.kernel.sources.source import Code

    options, toolset = wanted(fragments, settings, debug=debug), find_toolset(llvm=llvm)

    def recipe(what: Code | Offer) -> Recipe:
        code = what if isinstance(what, Code) else what.unfetched
        return Recipe(code, options, toolset, debug)

    return recipe


def _sources(kernel: str) -> Sequence[Code | Offer]:
    """The code that a spec means: a tree's, or what sources offer."""
    from ktstr.base.errors import KtstrError
    from ktstr.kernel.sources.offers import offers_of, tree_code
    from ktstr.kernel.spec import Auto, Git, Key, Local, parse

    spec = parse(kernel)
    if isinstance(spec, Auto | Key):
        raise KtstrError(
            f"kernel {spec}: a kernel in the cache; name a version, a tree or a repository to build"
        )
    return [tree_code(spec)] if isinstance(spec, Local | Git) else offers_of(spec)


def _describe(record: Record, kernel: Kernel) -> None:
    record.log.append(f"{kernel.key}: {kernel.source}")
    record.files["config"] = kernel.config
    record.files["manifest.json"] = kernel.image.parent / "manifest.json"
    record.properties = {
        "version": kernel.version,
        "release": kernel.release,
        "source": kernel.source,
        "image_sha256": kernel.image_sha256,
    }


def _folder_name(text: str) -> str:
    """A spec as the name of a folder."""
    import re

    return re.sub(r"[^A-Za-z0-9_.+~-]+", "-", text)


def _in_cache() -> list[dict[str, object]]:
    from ktstr.kernel.clean import lifetimes
    from ktstr.kernel.store import damaged, entries

    found = entries()
    ended = lifetimes() if found else {}
    rows: list[dict[str, object]] = [
        {
            "version": one.kernel.version,
            "key": one.kernel.key,
            "sched_ext": one.kernel.sched_ext,
            "size": one.size,
            "age_s": round(one.age_s),
            # kernel.org lists what is maintained, so a series that it does not list has ended.
            "end_of_life": ended.get(_series(one.kernel.version), True) if ended else None,
            "source": one.kernel.source,
        }
        for one in found
    ]
    return rows + [
        {
            "version": bad.key.partition("-")[0],
            "key": bad.key,
            "sched_ext": None,
            "size": bad.size,
            "age_s": round(bad.age_s),
            "end_of_life": None,
            "source": "",
            "damaged": bad.why,
        }
        for bad in damaged()
    ]


def _series(version: str) -> str:
    from ktstr.kernel.spec import parse_version

    return str(parse_version(version).series)


def _meant(kernel: str) -> list[dict[str, object]]:
    from ktstr.kernel.resolve import candidates

    rows: list[dict[str, object]] = []
    for one in candidates(kernel):
        version = str(one.version) if one.version else "unknown"
        if one.kernel is not None:
            rows.append(_row(version, one.kernel.key, "cached", one.kernel.source))
        elif one.published is not None:
            size = f"{one.published.size / 1e6:.0f} MB"
            rows.append(_row(version, one.published.key, size, one.published.where))
        elif one.offer is not None:
            rows.append(_row(version, "", "build", one.offer.where))
        else:
            rows.append(_row(version, "", "build", str(one.origin)))
    return rows


def _row(version: str, key: str, fetch: str, source: str) -> dict[str, object]:
    return {"version": version, "key": key, "fetch": fetch, "source": source}


def _table(rows: Sequence[dict[str, object]]) -> None:
    """Print rows in aligned columns."""
    from ktstr.report.text import aligned

    names = [name for name in rows[0] if name != "damaged"]
    lines = [[name.removesuffix("_s").replace("_", " ") for name in names]]
    for row in rows:
        shown = {**row, "source": "damaged"} if "damaged" in row else row
        lines.append([_cell(name, shown[name]) for name in names])
    # The source is last, and all of it is in the JSON.
    print("\n".join(row if len(row) <= _WIDEST else f"{row[: _WIDEST - 3]}..." for row in aligned(lines)))
    for row in rows:
        if "damaged" in row:
            print(
                f"damaged: {row['key']}: {row['damaged']}; `ktstr kernel-clean --key {row['key']}` removes it"
            )


def _cell(name: str, value: object) -> str:
    from ktstr.report.text import ago

    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "unknown"
    if name == "size" and isinstance(value, int):
        return f"{value / 1e6:.0f} MB"
    if name == "age_s" and isinstance(value, int):
        return ago(value)
    if name == "source":
        # Up to its first comma it says who published or what was built; `--json` has all of it.
        text = str(value).split(",", 1)[0]
        return text if len(text) <= _SOURCE else f"{text[: _SOURCE - 3]}..."
    return str(value)
