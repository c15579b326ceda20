"""An errand: a job that is on its way, to one worker after another if need be, until there is a result."""

from __future__ import annotations

import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import distributed

from ktstr.base.cancel import Cancel
from ktstr.base.errors import KtstrError
from ktstr.base.whole_file import write_whole
from ktstr.farm.address import HOST
from ktstr.farm.client import Connection, Watched
from ktstr.farm.offer import Needs, Offer, nobody
from ktstr.farm.shipment import Damaged, Lost
from ktstr.vm.result import VmResult

__all__ = ["Errand", "carried_out"]

_MOST_LOSSES = 2
_LOOK_S = 2.0  # how often a run that nobody reports on is looked after
_PATIENCE_S = 30.0  # for how long there may be no worker for a run, once there was one
_GOODBYE_S = 1.0  # how long a cancelled run waits for its worker's word that the guest is gone


class _Elsewhere(Exception):
    """A run that waits could begin elsewhere: the address of that worker."""


@dataclass(frozen=True)
class Errand:
    """What is to be carried out: the packed job, its `name` in messages, and the run's folder."""

    name: str
    needs: Needs
    shipment: bytes
    folder: Path


def carried_out(
    errand: Errand,
    connection: Connection,
    offers: Callable[[], Sequence[Offer]],
    received: Callable[[Mapping[str, Any]], VmResult],
    cancel: Cancel,
) -> VmResult:
    """What `received` makes of the answer. A run whose worker is lost is run by another one, once.

    Raises KtstrError if it is lost again, or if nobody of `offers` can run it; Cancelled if `cancel` stops it, after
    its worker has ended the guest, or a second later.
    """
    # One that has lost all its workers may have them again soon.
    if (there := offers()) and (why := nobody(errand.needs, there)):
        raise KtstrError(f"{errand.name}: no worker can run it: {why}")
    lost: list[str] = []
    where = ""
    while True:
        watched = Watched(f"ktstr-{uuid.uuid4().hex}")
        try:
            answer = _answer(errand, connection, offers, watched, where, lost, cancel)
            return received(answer)
        except _Elsewhere as better:
            where = str(better)
            continue
        except Damaged as error:
            *before, host = watched.hosts or ["a worker"]
            lost += [*before, f"{host}: {error}"]
            print(f"ktstr: {errand.name}: {lost[-1]}; it runs again", file=sys.stderr, flush=True)
        except Lost:
            lost += watched.hosts
        except distributed.KilledWorker:  # the word that it had begun may die with a worker
            lost += watched.hosts or ["a worker"]
        where = ""
        _check_losses(errand, lost)


def _check_losses(errand: Errand, lost: Sequence[str]) -> None:
    if len(lost) >= _MOST_LOSSES:
        raise KtstrError(
            f"{errand.name}: its worker was lost {len(lost)} times while it ran ({', then '.join(lost)}):"
            " the hosts may lack memory for it"
        )


def _answer(
    errand: Errand,
    connection: Connection,
    offers: Callable[[], Sequence[Offer]],
    watched: Watched,
    where: str,
    lost: Sequence[str],
    cancel: Cancel,
) -> Mapping[str, Any]:
    over = False
    try:
        with cancel.stopping(watched.changed.set):
            connection.submit(watched, errand.needs.amounts, errand.shipment, where)
            answer = _awaited(errand, connection, offers, watched, lost, cancel)
            over = True
            return answer
    finally:
        connection.forget(watched)
        if not over and watched.hosts:
            watched.ended.wait(_GOODBYE_S)


def _awaited(
    errand: Errand,
    connection: Connection,
    offers: Callable[[], Sequence[Offer]],
    watched: Watched,
    lost: Sequence[str],
    cancel: Cancel,
) -> Mapping[str, Any]:
    told = 0
    found = time.monotonic()  # when there was a worker for it
    while True:
        watched.changed.wait(_LOOK_S)
        watched.changed.clear()
        cancel.check()
        if watched.future.done():
            return _outcome(connection, watched)
        _check_lost(connection)
        if len(watched.hosts) > told:
            told = len(watched.hosts)
            with suppress(OSError):
                write_whole(errand.folder / HOST, f"{watched.hosts[-1]}\n")
        why = nobody(errand.needs, offers())
        gone = [*watched.begun[:-1], *filter(connection.gone, watched.begun[-1:])]
        _check_losses(errand, [*lost, *(one.host for one in gone)])
        if gone and gone[-1] is watched.begun[-1]:
            raise Lost  # Dask may have it wait, for that worker alone
        if why is None and not watched.hosts:
            better = connection.free_elsewhere(watched, errand.needs.amounts)
            if better and not watched.hosts:
                raise _Elsewhere(better)
        if why is None:
            found = time.monotonic()
        elif time.monotonic() - found > _PATIENCE_S:
            raise KtstrError(f"{errand.name}: no worker can run it any more: {why}")


def _outcome(connection: Connection, watched: Watched) -> Mapping[str, Any]:
    if watched.future.status == "error":
        error = watched.future.exception()
        raise error  # KilledWorker, or a mistake in ktstr
    if watched.future.status != "finished":
        _check_lost(connection)
        raise Lost  # somebody else cancelled it, or restarts the workers
    try:
        answer: Mapping[str, Any] = watched.future.result()
    except distributed.client.FutureCancelledError:  # its result is lost with its worker
        raise Lost from None
    return answer


def _check_lost(connection: Connection) -> None:
    if connection.lost:
        raise KtstrError(f"executor {connection.address}: the scheduler is lost")
