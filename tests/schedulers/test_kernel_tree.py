"""The kernel tree's other schedulers (tools/sched_ext), for the verifier sweep.

They have no tests here: each demonstrates one technique and is not meant for every load.
"""

from ktstr import declare_scheduler

for name in ("scx_central", "scx_cpu0", "scx_flatcg", "scx_pair", "scx_qmap", "scx_sdt", "scx_userland"):
    declare_scheduler(name=name, binary=name, topology=(1, 2, 2, 1))
