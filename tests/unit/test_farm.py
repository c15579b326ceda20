"""A farm whose guests are functions: jobs run on its workers, and survive what happens to these."""

from __future__ import annotations

import functools
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from vm_stand_in import a_job

from ktstr.base.cancel import Cancel, Cancelled
from ktstr.base.errors import KtstrError
from ktstr.vm.executor import Executor
from ktstr.vm.host import Accel
from ktstr.vm.job import VmJob
from ktstr.vm.result import Ending, VmResult

pytest.importorskip("distributed", reason="the extra ktstr[farm] is not installed")

from farm_on_host import Farm, until

from ktstr.farm.address import parse
from ktstr.farm.client import connect
from ktstr.farm.executor import FarmExecutor

TCG = Accel("tcg", "virtual", "a test")


@pytest.fixture(scope="module")
def farm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """It has the worker `a`. A test that ends workers has its own for that."""
    farm = Farm(tmp_path_factory.mktemp("farm"))
    farm.worker("a")
    yield farm
    farm.close()


@pytest.fixture(scope="module")
def executor(farm: Farm) -> Iterator[FarmExecutor]:
    executor = FarmExecutor(connect(parse(farm.address, "")))
    yield executor
    executor.close()


class Client:
    """Runs jobs in threads, as tests do."""

    def __init__(self, executor: Executor, folder: Path) -> None:
        self._executor = executor
        self._folder = folder
        self._pool = ThreadPoolExecutor(16)
        self._cancels: list[Cancel] = []

    def job(self, plan: str, seed: int = 1) -> VmJob:
        return replace(a_job(self._folder), plan=plan, seed=seed)

    def folder(self, seed: int = 1) -> Path:
        return self._folder / f"run-{seed}"

    def is_told(self, seed: int, host: str) -> bool:
        """Whether the word has come that the run has begun at this host."""
        told = self.folder(seed) / "host.txt"
        return told.is_file() and told.read_text() == f"{host}\n"

    def run(self, plan: str, seed: int = 1) -> VmResult:
        return self._executor.run(self.job(plan, seed), TCG, self.folder(seed))

    def start(self, plan: str, seed: int = 1, cancel: Cancel | None = None) -> Future[VmResult]:
        job, folder = self.job(plan, seed), self.folder(seed)
        self._cancels.append(cancel or Cancel())
        return self._pool.submit(self._executor.run, job, TCG, folder, cancel=self._cancels[-1])

    def close(self) -> None:
        """Stop what runs."""
        for cancel in self._cancels:
            cancel.cancel()
        self._pool.shutdown()


@pytest.fixture
def client(
    farm: Farm, executor: FarmExecutor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Client]:
    monkeypatch.setenv("KTSTR_CACHE_DIR", str(tmp_path / "cache"))
    client = Client(executor, tmp_path)
    yield client
    client.close()
    farm.dismiss("a")


@pytest.fixture
def busy(farm: Farm, client: Client) -> None:
    """Worker `a` has no core left."""
    for seed in (101, 102):
        client.start("hang", seed)
    until(lambda: len(farm.running("a")) == 2)


def test_a_run_elsewhere_leaves_what_a_run_here_leaves(client: Client) -> None:
    result = client.run("sleep 0.05", seed=7)
    folder = client.folder(7)
    assert (result.ending, result.console, result.events) == (
        Ending.DONE,
        "up, seed 7\n",
        ({"ev": "begin", "t": 1},),
    )
    assert result.command[-1] == f"file:{folder}/console.log"
    names = ["console.log", "events.jsonl", "host.txt", "job.json", "plan.txt"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert (folder / "host.txt").read_text() == "a\n"


def test_each_run_has_its_own_result_in_whatever_order_they_come(farm: Farm, client: Client) -> None:
    runs = [client.start(f"sleep {0.3 - seed / 50}", seed) for seed in range(12)]
    assert [run.result().console for run in runs] == [f"up, seed {seed}\n" for seed in range(12)]


def test_what_the_farm_is(client: Client, executor: FarmExecutor) -> None:
    assert executor.emulator == "7.2.99"
    assert executor.capacity % 2 == 0
    assert executor.accelerator("auto") == Accel("tcg", "virtual", "KVM is not there: no /dev/kvm")
    assert executor.refusal(client.job("").topology, TCG) is None


def test_what_a_worker_cannot_do_is_told_with_its_host(client: Client) -> None:
    with pytest.raises(KtstrError, match=r"^QEMU cannot be started \(on a\)$"):
        client.run("refuse")


def test_a_job_that_is_too_large_for_every_worker_is_refused_at_once(
    client: Client, executor: FarmExecutor
) -> None:
    job = replace(client.job("sleep 1"), memory_mb=100_000)
    needs = "no worker can run it: it needs 1 core, 100384 MiB, the virtual clock; the workers are "
    with pytest.raises(KtstrError, match=needs + "[0-9] with 2 cores, 4096 MiB, no KVM"):
        executor.run(job, TCG, client.folder())


@pytest.mark.usefixtures("busy")
def test_a_job_goes_only_where_it_can_run(farm: Farm, client: Client) -> None:
    farm.worker("other", "build=another")
    farm.worker("bare", "no_virtual=no compiler")
    runs = [client.start("sleep 0.05", seed) for seed in range(6)]
    farm.worker("fit")
    for run in runs:
        run.result()
    assert {name.partition("-")[0] for name in farm.ran()} == {"fit"}


@pytest.mark.usefixtures("busy")
def test_no_host_is_oversubscribed(farm: Farm, client: Client) -> None:
    waits = client.start("hang", 3)
    until((client.folder(3) / "job.json").exists)
    assert len(farm.running()) == 2
    assert not waits.done()


# Stopping.


def test_a_cancelled_run_is_ended_where_it_runs(farm: Farm, client: Client) -> None:
    cancel = Cancel()
    run = client.start("hang", cancel=cancel)
    until(farm.running)
    cancel.cancel()
    with pytest.raises(Cancelled):
        run.result()
    until(lambda: not farm.running())


@pytest.mark.usefixtures("busy")
def test_a_cancelled_run_that_waits_never_begins(farm: Farm, client: Client) -> None:
    cancel = Cancel()
    run = client.start("hang", 3, cancel)
    until((client.folder(3) / "job.json").exists)
    cancel.cancel()
    with pytest.raises(Cancelled):
        run.result()
    assert farm.running(seed=3) == []


def test_a_client_that_leaves_takes_its_guests_with_it(farm: Farm, client: Client, tmp_path: Path) -> None:
    leaver = FarmExecutor(connect(parse(farm.address, "")))
    leaving = Client(leaver, tmp_path)
    leaving.start("hang")
    until(farm.running)
    leaver.close()
    until(lambda: not farm.running())
    leaving.close()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_command_that_is_ended_takes_its_guests_with_it(
    farm: Farm, client: Client, tmp_path: Path, number: signal.Signals
) -> None:
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace; from vm_stand_in import a_job;"
        "from ktstr.farm.choice import executor_of; from ktstr.vm.host import Accel;"
        "folder = Path(sys.argv[2]); job = replace(a_job(folder), plan='hang');"
        "executor_of(sys.argv[1]).run(job, Accel('tcg', 'virtual', 'a test'), folder / 'run')"
    )
    here = str(Path(__file__).parent)
    command = subprocess.Popen(
        [sys.executable, "-c", code, farm.address, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([here, *sys.path])},
        stderr=subprocess.DEVNULL,
    )
    until(farm.running)
    command.send_signal(number)
    assert command.wait() == -number
    until(lambda: not farm.running())


@pytest.mark.usefixtures("busy")
def test_a_worker_that_is_told_to_end_ends_its_guests_and_they_run_elsewhere(
    farm: Farm, client: Client
) -> None:
    ending = farm.worker("b")
    run = client.start("hang", 3)
    until(lambda: farm.running("b"))
    ending.terminate()
    assert ending.wait() == 0
    assert farm.running("b") == []
    farm.worker("c")
    until(lambda: farm.running("c", 3))
    assert not run.done()


def test_a_scheduler_that_dies_ends_the_guests_and_is_told(tmp_path: Path) -> None:
    farm = Farm(tmp_path)
    farm.worker("a")
    executor = FarmExecutor(connect(parse(farm.address, "")))
    client = Client(executor, tmp_path)
    run = client.start("hang")
    until(farm.running)
    farm.scheduler.kill()
    until(lambda: not farm.running())
    with pytest.raises(KtstrError, match=r"^executor dask://127.0.0.1:\d+: the scheduler is lost$"):
        run.result()
    executor.close()
    farm.close()


# Losses.


@pytest.mark.usefixtures("busy")
def test_a_killed_workers_run_runs_elsewhere_and_if_it_is_lost_again_it_is_named(
    farm: Farm, client: Client
) -> None:
    run = client.start("hang", 3)
    for host in ("b", "c"):
        farm.worker(host)
        until(functools.partial(client.is_told, 3, host))
        assert not run.done()
        farm.workers[host].kill()
    with pytest.raises(KtstrError) as error:
        run.result()
    assert re.fullmatch(
        r"run [0-9a-f]{12} \(7.0.13 on 1n1l2c1t, seed 3\): its worker was lost 2 times while it ran \(b, then c\):"
        " the hosts may lack memory for it",
        str(error.value),
    )


@pytest.mark.usefixtures("busy")
def test_a_worker_that_lies_about_a_hash_is_not_believed(
    farm: Farm, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    farm.worker("liar", "lies")
    why = "liar: events.jsonl does not match its hash"
    with pytest.raises(KtstrError, match=rf"\({why}, then {why}\)"):
        client.run("sleep 0.05", 3)
    assert why in capsys.readouterr().err


def test_a_blob_that_has_changed_since_is_refused(
    client: Client, executor: FarmExecutor, tmp_path: Path
) -> None:
    job = client.job("sleep 0.05")
    (tmp_path / "init").write_text("another")
    job = replace(job, files=tuple(replace(file, sha256="0" * 64) for file in job.files))
    with pytest.raises(
        KtstrError, match=r"blob 0{16}: what was sent for it is [0-9a-f]{16}; it is refused \(on a\)$"
    ):
        executor.run(job, TCG, client.folder())


def test_only_blobs_of_a_run_are_sent(executor: FarmExecutor, monkeypatch: pytest.MonkeyPatch) -> None:
    said = list[tuple[object, str]]()
    connection = executor._connection
    monkeypatch.setattr(connection, "_part", lambda ask, part, refused, worker: said.append((part, refused)))
    connection._send("0" * 64, "ask", "tcp://127.0.0.1:1")
    assert said == [(None, "it is no blob of a run that was asked for")]


def test_nothing_is_kept_of_a_run_that_is_over(client: Client, executor: FarmExecutor) -> None:
    for seed in range(20):
        client.run("sleep 0", seed)
    assert (executor._connection._watched, executor._connection._blobs) == ({}, {})
