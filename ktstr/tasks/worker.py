"""`worker`: run guests for a farm on this machine."""

from __future__ import annotations

from invoke import Context, task

__all__ = ["worker"]


@task(
    help={
        "scheduler": "the address of a Dask scheduler: tcp://host:8786, or tls://host:8786",
        "cores": "how many cores its guests may use (default: all that this process may)",
        "memory_mb": "MiB of memory that its guests may use (default: nine tenths of the machine's)",
        "name": "the worker's name (default: the machine's, and the process's number)",
        "tls_ca_file": "Dask's option of the same name, and so are the next two",
        "tls_cert": "the worker's certificate",
        "tls_key": "the key of the certificate",
    },
)
def worker(
    _context: Context,
    scheduler: str,
    cores: str | None = None,
    memory_mb: str | None = None,
    name: str = "",
    tls_ca_file: str = "",
    tls_cert: str = "",
    tls_key: str = "",
) -> None:
    """Run guests on this machine for those who use `--executor`, until Ctrl-C.

    ktstr worker tcp://host:8786
    ktstr worker tcp://host:8786 --cores 8 --memory-mb 16000
    """
    from ktstr.farm.address import parse
    from ktstr.farm.choice import check_extra
    from ktstr.farm.offer import count_of, offer_of_host
    from ktstr.vm.local import LocalExecutor

    address = parse(scheduler, f"worker: {scheduler}: must be ")
    check_extra("worker")
    from ktstr.farm.join import Tls, join

    offer = offer_of_host(
        cores=count_of(cores, f"worker: --cores {cores}"),
        memory_mb=count_of(memory_mb, f"worker: --memory-mb {memory_mb}"),
    )
    join(address, offer, LocalExecutor(), name=name, tls=Tls(tls_ca_file, tls_cert, tls_key))
