#!/bin/bash
# The first hour of a user on a fresh Debian, as root, knowing only the wheel in the folder $1 and the documents.
# What is typed and what is printed goes to standard output between marks, for first_hour.py to read:
#     == step NAME
#     == done STATUS SECONDS
set -u
rm -rf /root/ktstr  # the checkout that ci/fresh-root leaves in every root
cp -r "$1" /root/wheels
export DEBIAN_FRONTEND=noninteractive PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
export COLUMNS=80
cd /root || exit

# step NAME STATUS: run the commands on standard input, one by one, as if they were typed. The first that does not
# succeed ends it; the status has to be STATUS.
step() {
    local line began status=0
    echo "== step $1"
    began=$EPOCHREALTIME
    while read -r line <&3; do
        echo "$ $line"
        eval "$line" 2>&1 </dev/null || { status=$?; break; }
    done 3<&0
    echo "== done $status $(awk "BEGIN { printf \"%.1f\", $EPOCHREALTIME - $began }") $2"
}

step 'Python, from the distribution' 0 <<'END'
apt-get -qq update
apt-get -qq -y install python3-venv >/dev/null 2>&1
END

step 'install ktstr' 0 <<'END'
python3 -m venv first
. first/bin/activate
pip install -qq ~/wheels/ktstr-*.whl
END

step 'what is there' 2 <<'END'
ktstr doctor
END

step 'install what it needs' 0 <<'END'
ktstr setup >setup.log 2>&1
tail -1 setup.log
END

step 'what is there now' 0 <<'END'
ktstr doctor
END

# A scheduler that is one file.
mkdir mine && cd mine || exit
cat >mine.bpf.c <<'END'
#include <ktstr/sched_ext.bpf.h>

const volatile u32 slice_us = 5000;

SCX_CALLBACK(void, mine_enqueue, struct task_struct *p, u64 enq_flags)
{
	scx_bpf_dsq_insert(p, SCX_DSQ_GLOBAL, slice_us * 1000ULL, enq_flags);
}

SCX_SLEEPABLE_CALLBACK(void, mine_exit, struct scx_exit_info *info)
{
	ktstr_record_exit(info);
}

SCX_SCHEDULER(mine_ops,
	.enqueue = (void *)mine_enqueue,
	.exit = (void *)mine_exit,
	.name = "mine");
END

step 'a first test' 0 <<'END'
ktstr init --bpf mine.bpf.c
END

step 'the first verdict' 0 <<'END'
ktstr test --kernel 7.0 -k smoke
END

step 'the same again' 0 <<'END'
ktstr test --kernel 7.0 -k smoke
END

sed -i 's/5000/3000/' mine.bpf.c
step 'after an edit of the scheduler' 0 <<'END'
ktstr test --kernel 7.0 -k smoke
END

# Five tests, two of which are about a crash.
cat >tests/test_five.py <<'END'
import pytest

pytest.importorskip("ktstr")

from ktstr import CgroupDef, Ctx, declare_scheduler, ktstr_test, scenarios

FIVE = declare_scheduler("five", bpf="../mine.bpf.c", topology=(1, 1, 2, 1))
STALLS = declare_scheduler("stalls", bpf="../stalls.bpf.c", topology=(1, 1, 2, 1))


@ktstr_test(scheduler=FIVE)
def five_steady(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=FIVE)
def five_oversubscribed(ctx: Ctx) -> None:
    ctx.run(CgroupDef("many", workers=6))


@ktstr_test(scheduler=FIVE, cores=1, threads=2)
def five_smt(ctx: Ctx) -> None:
    scenarios.steady(ctx)


@ktstr_test(scheduler=STALLS, watchdog_timeout_s=1, expect_err=True)
def a_stall_is_ejected(ctx: Ctx) -> None:
    ctx.run(CgroupDef("many", workers=4), hold_s=3)


@ktstr_test(scheduler=STALLS, watchdog_timeout_s=1)
def a_stall_fails(ctx: Ctx) -> None:
    ctx.run(CgroupDef("many", workers=4), hold_s=3)
END
sed 's/mine/stalls/g; s/^\tscx_bpf_dsq_insert/\tif (p->comm[0] == 0x6b \&\& p->pid % 4 == 1)\n\t\treturn;\n&/' \
    mine.bpf.c >stalls.bpf.c

step 'five tests, one of which fails' 1 <<'END'
ktstr test --kernel 7.0 tests/test_five.py
END

step 'the failed one again, from its sidecar' 1 <<'END'
ktstr replay $(ls target/ktstr/*/a_stall_fails-*.json | head -1)
END

step 'the sweep through the verifier' 0 <<'END'
ktstr verifier --kernel 7.0 --scheduler mine --preset tiny-1llc --preset smt-2llc
END

step 'a shell in a guest' 0 <<'END'
ktstr shell --kernel 7.0 --test smoke --exec 'uname -r; cat /sys/kernel/sched_ext/state'
END

# A verdict that changes with the kernel.
cat >tests/test_old.py <<'END'
from ktstr import Ctx, ktstr_test, scenarios


@ktstr_test()
def only_before_7_2(ctx: Ctx) -> None:
    scenarios.steady(ctx)
    assert ctx.kernel.version < "7.2"
END

step 'the first kernel on which a verdict changes' 0 <<'END'
ktstr bisect --test only_before_7_2 --good 7.0 --bad 7.3
END

# A scheduler with a program and a Makefile.
cd /root && cp -r wheels/scx_tiny . && cd scx_tiny || exit
rm vmlinux.h
cat >Makefile <<'END'
CLANG ?= $(shell ls /usr/bin/clang /usr/bin/clang-?? 2>/dev/null | head -1)

scx_tiny: scx_tiny.c scx_tiny.bpf.o
	$(CC) -O2 -Wall -Werror -o $@ $< -lbpf -lelf -lz

scx_tiny.bpf.o: scx_tiny.bpf.c vmlinux.h
	$(CLANG) -target bpf -mcpu=v3 -O2 -g -Wall -Werror -fms-extensions -Wno-microsoft-anon-tag -c -o $@ $<

vmlinux.h:
	ktstr vmlinux-h --kernel 7.0 --output $@
END
# Debian 12 has libbpf 1.1, which does not know where a scheduler is in its object: see docs/hosting.md.
cat >get-libbpf <<'END'
set -e
. /etc/os-release
if [ "$VERSION_ID" -gt 12 ]; then
	exec apt-get -qq -y install libbpf-dev
fi
sed -n 's/^deb /deb-src /; s/bookworm/trixie/p' /etc/apt/sources.list >/etc/apt/sources.list.d/trixie-src.list
apt-get -qq update
apt-get -qq -y install dpkg-dev libelf-dev zlib1g-dev
cd /root
apt-get -qq source libbpf
make -s -C libbpf-*/src install install_uapi_headers NO_PKG_CONFIG=1 PREFIX=/usr/local LIBDIR=/usr/local/lib
ldconfig
END
step 'a scheduler with a Makefile' 0 <<'END'
sh get-libbpf >/dev/null 2>&1
ktstr init --name scx_tiny
ktstr test --kernel 7.0 -k smoke
END

step 'what is kept' 0 <<'END'
ktstr kernel-list
ktstr cache
END
