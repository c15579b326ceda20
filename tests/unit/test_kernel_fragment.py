"""What a kernel's configuration is asked for, and what is reported if it differs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ktstr.base.errors import KtstrError
from ktstr.kernel.fragment import Wanted, complain, find_fragment, read_config, wanted, wanted_text
from ktstr.kernel.settings import kernels_dir

# From init/Kconfig and arch/x86/Kconfig of 6.12.
KCONFIG = """\
config NUMA_BALANCING
\tbool "Memory placement aware NUMA scheduler"
\tdepends on ARCH_SUPPORTS_NUMA_BALANCING
\tdepends on !ARCH_WANT_NUMA_VARIABLE_LOCALITY
\tdepends on SMP && NUMA && MIGRATION && !PREEMPT_RT
\thelp
\t  This option adds support for automatic NUMA aware memory/task placement.

config X86_64_ACPI_NUMA
\tdef_bool y
\tprompt "ACPI NUMA detection"
\tdepends on X86_64 && NUMA && ACPI && PCI
\tselect ACPI_NUMA
\thelp
\t  Enable ACPI SRAT based node topology detection.
"""


@pytest.mark.parametrize("name", sorted(path.stem for path in kernels_dir().glob("*.config")))
def test_each_shipped_fragment_can_be_added(name: str) -> None:
    options = wanted([name])
    asked = {option for option, want in options.items() if want.asked_by == f"{name}.config"}
    text = find_fragment(name).read_text()
    assert asked == set(re.findall(r"^CONFIG_(\w+)=", text, re.MULTILINE))
    assert text.startswith("# ")


def test_the_default_is_for_sched_ext_and_one_preemption_model() -> None:
    assert {wanted()[name].value for name in ("SCHED_CLASS_EXT", "DEBUG_INFO_BTF", "PREEMPT_DYNAMIC")} == {
        "y"
    }
    assert "PREEMPT_RT" not in wanted()
    real_time = wanted(["preempt-rt"])
    assert (real_time["PREEMPT_RT"].value, real_time["PREEMPT_DYNAMIC"].value) == ("y", "n")


def test_the_last_to_name_an_option_wins(tmp_path: Path) -> None:
    fragment = tmp_path / "mine.config"
    fragment.write_text("# mine\n# CONFIG_PSI is not set\nCONFIG_HZ=1000\n")
    options = wanted([str(fragment)], ["CONFIG_HZ=100"])
    assert options["PSI"] == Wanted("n", "mine.config")
    assert options["HZ"] == Wanted("100", "--set CONFIG_HZ=100")
    assert "CONFIG_PSI=n\n" in wanted_text(options)


def test_the_text_depends_on_the_options_alone(tmp_path: Path) -> None:
    assert wanted_text({"B": Wanted("y", "x"), "A": Wanted("n", "y")}) == "CONFIG_A=n\nCONFIG_B=y\n"


@pytest.mark.parametrize(
    "text", ["", "PSI=y", "CONFIG_PSI", "CONFIG_PSI=maybe", "CONFIG_X=y\nCONFIG_Y=y", 'CONFIG_X="']
)
def test_an_invalid_setting_is_refused(text: str) -> None:
    with pytest.raises(KtstrError, match=r"^--set .*: accepted are CONFIG_X=y, =n"):
        wanted((), [text])


def test_an_invalid_fragment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        KtstrError, match=r"^--config nothing: no such file, and not one of base, debug, lkdtm, preempt-"
    ):
        wanted(["nothing"])
    fragment = tmp_path / "bad.config"
    fragment.write_text("# fine\nSCHED_EXT yes\n")
    with pytest.raises(KtstrError, match=r"bad\.config, line 2: 'SCHED_EXT yes': accepted are CONFIG_X=y"):
        wanted([str(fragment)])


def test_an_option_that_was_not_accepted_names_its_missing_dependency(tmp_path: Path) -> None:
    (tmp_path / "Kconfig").write_text(KCONFIG)
    text = (
        "CONFIG_ARCH_SUPPORTS_NUMA_BALANCING=y\nCONFIG_SMP=y\nCONFIG_NUMA=y\n# CONFIG_MIGRATION is not set\n"
    )
    config = read_config(text)
    options = {"NUMA_BALANCING": Wanted("y", "base.config")}
    assert complain(options, config, tmp_path) == (
        "CONFIG_NUMA_BALANCING is n, not y (asked for by base.config): it depends on ARCH_SUPPORTS_NUMA_BALANCING && "
        "!ARCH_WANT_NUMA_VARIABLE_LOCALITY && SMP && NUMA && MIGRATION && !PREEMPT_RT, "
        "and CONFIG_MIGRATION is n (Kconfig)"
    )
    assert complain(options, {**config, "NUMA_BALANCING": "y"}, tmp_path) is None


def test_what_conflicts_with_an_option_is_named(tmp_path: Path) -> None:
    (tmp_path / "Kconfig").write_text(KCONFIG)
    names = ("ARCH_SUPPORTS_NUMA_BALANCING", "SMP", "NUMA", "MIGRATION", "PREEMPT_RT")
    told = complain({"NUMA_BALANCING": Wanted("y", "x")}, dict.fromkeys(names, "y"), tmp_path)
    assert told is not None
    assert told.endswith("and CONFIG_PREEMPT_RT is y (Kconfig)")


def test_an_option_that_the_source_lacks_is_reported(tmp_path: Path) -> None:
    (tmp_path / "Kconfig").write_text(KCONFIG)
    told = complain({"SCHED_DEBUG": Wanted("y", "base.config")}, {}, tmp_path)
    assert told == "CONFIG_SCHED_DEBUG is n, not y (asked for by base.config): this source has no such option"
    assert complain({"SCHED_DEBUG": Wanted("y", "base.config", optional=True)}, {}, tmp_path) is None
