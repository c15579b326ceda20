"""Payloads that are declared already: programs of distributions that load or measure a scheduler."""

from __future__ import annotations

from ktstr.scenario.payloads.cyclictest import cyclictest
from ktstr.scenario.payloads.hackbench import hackbench
from ktstr.scenario.payloads.stress_ng import stress_ng
from ktstr.scenario.payloads.sysbench import sysbench

__all__ = ["cyclictest", "hackbench", "stress_ng", "sysbench"]
