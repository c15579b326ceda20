"""The conditional jumps in x86-64 code."""

import pytest

from ktstr.instrument.jumps_x86_64 import conditional_jumps

# counted_enqueue of tests/guest/bpf/counted.bpf.c as Linux 7.3.4 compiled it, recorded; objdump finds the same jumps.
RECORDED = bytes.fromhex(
    """
    f30f1efa 0f1f440000 0f1f00 55 4889e5 f30f1efa 4881ec20000000 53 4155 4156 488b5f08 4c8b6f00 41be01000000
    48bf00a0130000c9ffff f04c0fc17700 4983fe13 0f8794000000 4c89f7 e82cfeffff 48bf28a0130000c9ffff 488b7700 4801c6
    48897700 bf0a000000 48c7c6bc2600c0 31d2 31c9 4881ff00008000 7607
    """
)


def test_the_jumps_of_a_recorded_function_are_found() -> None:
    assert [RECORDED[at : at + 2].hex() for at in conditional_jumps(RECORDED)] == ["0f87", "7607"]
    assert list(conditional_jumps(RECORDED))[-1] == len(RECORDED) - 2


@pytest.mark.parametrize(
    "insn",
    [
        "90",  # nop
        "48b80000000000000074",  # mov $imm64,%rax
        "b874747474",  # mov $imm32,%eax
        "66c7470874 74",  # movw $imm16,8(%rdi)
        "c6470874",  # movb $imm8,8(%rdi)
        "f6c174",  # test $imm8,%cl
        "f6d9",  # neg %cl
        "48f7c674747474",  # test $imm32,%rsi
        "48f7f6",  # div %rsi
        "8b042574747474",  # mov disp32,%eax: a SIB byte without a base
        "8b44b774",  # mov 0x74(%rdi,%rsi,4),%eax
        "488b0574747474",  # mov disp32(%rip),%rax
        "488b8774747474",  # mov disp32(%rdi),%rax
        "c4e2f9f7c7",  # shlx
        "0fba6f0874",  # btl $imm8,8(%rdi)
        "480fc8",  # bswap %rax
        "0fb6c0",  # movzbl
        "0f0b",  # ud2
        "e874747474",  # call
        "e974747474",  # jmp
        "eb74",  # jmp, near
        "c3",
        "cc",
    ],
)
def test_no_part_of_another_instruction_is_taken_for_one(insn: str) -> None:
    code = bytes.fromhex(insn)
    assert list(conditional_jumps(code + b"\x74\x02")) == [len(code)]


@pytest.mark.parametrize("rest", ["06", "0f", "48", "8b", "8b44", "7401"])
def test_it_ends_at_what_is_not_known_or_cut_off(rest: str) -> None:
    assert list(conditional_jumps(b"\x74\x02" + bytes.fromhex(rest)))[:1] == [0]
