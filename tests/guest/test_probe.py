"""The probe's guest shows what it has to: under an accelerator that certainly works, it boots and says so."""

import subprocess
from pathlib import Path

from ktstr.vm.qemu import accel
from ktstr.vm.qemu.command import probe_command
from ktstr.vm.qemu.program import find_qemu
from ktstr.vm.result import EXIT_DONE


def test_the_probe_boots_where_the_accelerator_works(tmp_path: Path) -> None:
    image = tmp_path / "probe.elf"
    image.write_bytes(accel.probe_image())
    command = probe_command(find_qemu(), image)
    command[command.index("-accel") + 1] = "tcg"
    command[command.index("-cpu") + 1] = "max"
    assert subprocess.run(command, timeout=60, check=False).returncode == EXIT_DONE
