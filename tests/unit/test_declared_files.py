"""The files that a declaration brings into the guest: where they are, what names them, and what is no file."""

from pathlib import Path

import pytest

from ktstr import Ctx, Inline, KtstrError, Topology, ktstr_test
from ktstr.declare.files import checked_files, filled_in, refuse_unknown_names
from ktstr.declare.scheduler import Scheduler
from ktstr.run.guest_files import arguments_of, packed_files

TWO = Topology.parse("1n2l4c1t")


@pytest.fixture(autouse=True)
def own_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))


def mine(files: dict[str, object], where: Path = Path("/nowhere/test_mine.py")) -> Scheduler:
    return Scheduler("mine", binary="scx_mine", files=checked_files(files, str(where)))


def content(scheduler: Scheduler) -> dict[str, str]:
    return {file.path: file.source.read_text() for file in packed_files(scheduler, TWO)}


def test_a_file_has_its_name_in_the_schedulers_folder_or_its_own_path(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[]")
    files = mine(
        {"layers.json": "a.json", "/etc/mine.toml": Inline("slice = 5\n")}, tmp_path / "test_mine.py"
    )
    assert content(files) == {"/ktstr/files/mine/layers.json": "[]", "/etc/mine.toml": "slice = 5\n"}


def test_a_text_may_depend_on_the_topology() -> None:
    files = mine({"llcs": Inline(lambda topology: str(topology.llcs))})
    assert content(files) == {"/ktstr/files/mine/llcs": "2"}


def test_all_below_a_folder_is_packed_with_its_mode(tmp_path: Path) -> None:
    (tmp_path / "rules" / "deep").mkdir(parents=True)
    (tmp_path / "rules" / "deep" / "one").write_text("1")
    (tmp_path / "rules" / "run.sh").write_text("2")
    (tmp_path / "rules" / "run.sh").chmod(0o755)
    packed = packed_files(mine({"rules": tmp_path / "rules"}), TWO)
    assert {file.path: oct(file.mode) for file in packed} == {
        "/ktstr/files/mine/rules/deep/one": "0o644",
        "/ktstr/files/mine/rules/run.sh": "0o755",
    }


def test_an_argument_has_the_place_of_each_file_that_it_names() -> None:
    scheduler = mine({"a.json": Inline(""), "b": Inline("")})
    assert arguments_of(scheduler, ("--config={a.json}:{b}", "{{b}}", '{"a":{"n":1}}', "x{3}")) == (
        "--config=/ktstr/files/mine/a.json:/ktstr/files/mine/b",
        "{b}",
        '{"a":{"n":1}}',
        "x{3}",
    )


def test_a_name_that_there_is_not_is_refused() -> None:
    with pytest.raises(KtstrError) as refused:
        refuse_unknown_names(["--config", "{layer}"], {"layers": 0, "/etc/x": 0}, "sched_args")
    assert str(refused.value) == (
        "sched_args: {layer}: no file of that name in files=; there is layers (a literal {layer} is written {{layer}})"
    )
    assert filled_in(("{{layer}}",), {}) == ("{layer}",)


def test_a_test_may_bring_the_file_that_its_scheduler_names() -> None:
    scheduler = Scheduler("mine", binary="scx_mine", sched_args=("--config", "{config}"))
    with pytest.raises(KtstrError, match=r"without: sched_args: \{config\}: no file of that name"):

        @ktstr_test(scheduler=scheduler)
        def without(ctx: Ctx) -> None: ...

    @ktstr_test(scheduler=scheduler, files={"config": Inline("")})
    def with_it(ctx: Ctx) -> None: ...


def test_a_test_of_the_kernels_own_scheduler_has_no_files() -> None:
    with pytest.raises(KtstrError, match="files: scheduler eevdf has no program that could read them"):

        @ktstr_test(files={"config": Inline("")})
        def eevdf(ctx: Ctx) -> None: ...


@pytest.mark.parametrize(
    ("files", "why"),
    [
        (["a"], r"files=\['a'\]: must be a dict"),
        ({"a b": "x"}, r"files\['a b'\]: must be a name of letters"),
        ({"9": "x"}, r"files\['9'\]: must be a name"),
        ({"/proc/x": "x"}, r"files\['/proc/x'\]: /proc of the guest is not the declaration's"),
        ({"/init": "x"}, r"files\['/init'\]: /init of the guest"),
        ({"/etc/../init": "x"}, r"files\['/etc/../init'\]: must be a plain absolute path"),
        ({"/etc/": "x"}, r"files\['/etc/'\]: must be a plain absolute path"),
        ({"a": 3}, r"files\['a'\]=3: must be the path of a file or folder, or Inline\(text\)"),
        ({"a": "slice = 5\n"}, r"files\['a'\]='slice = 5\\n': must be the path .* or Inline"),
    ],
)
def test_what_is_no_file_is_refused(files: object, why: str) -> None:
    with pytest.raises(KtstrError, match=f"^{why}"):
        checked_files(files, "")


def test_what_is_no_text_is_refused() -> None:
    with pytest.raises(KtstrError, match=r"^Inline=3: must be a text, or a function of the topology to one"):
        Inline(3)  # type: ignore[arg-type]
    with pytest.raises(KtstrError, match=r"^files\['a'\] for topology 1n2l4c1t=None: must be a text"):
        packed_files(mine({"a": Inline(lambda _topology: None)}), TWO)  # type: ignore[arg-type, return-value]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(
        KtstrError, match=rf"^files\['a'\]: {tmp_path}/absent.json: No such file or directory$"
    ):
        packed_files(mine({"a": tmp_path / "absent.json"}), TWO)


def test_files_that_are_too_big_are_refused(tmp_path: Path) -> None:
    with (tmp_path / "big").open("wb") as big:
        big.truncate(257 * 2**20)  # sparse
    with pytest.raises(KtstrError, match=r"^files\['big'\]: too big: all files together must be 256 MiB"):
        packed_files(mine({"big": tmp_path / "big"}), TWO)
