"""A seccomp filter in the kernel's own bytecode: the system calls that no exercise needs.

The sandbox does not depend on it; it keeps a student's code from memory that no limit counts
(memfd, System V shared memory), from new namespaces, and from the kernel's less tested corners.
"""

from __future__ import annotations

import errno
import platform
import struct

# ruff: noqa: E501
# For each machine: its audit number, the refused calls, and `clone` and `clone3`.
X86_64 = [
    29, 68, 101, 103, 135, 155, 161, 163, 164, 165, 166, 167, 169, 175, 176, 179, 227, 240, 246, 248,
    249, 250, 272, 298, 304, 308, 310, 311, 313, 319, 321, 323, 425, 426, 427, 428, 429, 430, 432,
    438, 442, 447,
]  # fmt: skip
AARCH64 = [
    39, 40, 41, 51, 89, 92, 97, 104, 105, 106, 112, 116, 117, 142, 170, 180, 186, 194, 217, 218, 219,
    224, 241, 265, 268, 270, 271, 273, 279, 280, 282, 425, 426, 427, 428, 429, 430, 432, 438, 442, 447,
]  # fmt: skip
MACHINES = {
    "x86_64": (0xC000003E, X86_64, 56, 435),
    "aarch64": (0xC00000B7, AARCH64, 220, 435),
}

LOAD, JUMP_EQUAL, JUMP_AT_LEAST, JUMP_SET, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, REFUSE = 0x7FFF0000, 0x00050000
NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW* flag


def program() -> bytes:
    """Return the filter for this machine, or nothing for a machine that is not listed."""
    if platform.machine() not in MACHINES:
        return b""
    audit, refused, clone, clone3 = MACHINES[platform.machine()]

    def step(code: int, value: int, if_true: int = 0, if_false: int = 0) -> bytes:
        return struct.pack("<HBBI", code, if_true, if_false, value)

    eperm = step(RETURN, REFUSE | errno.EPERM)
    steps = [step(LOAD, 4), step(JUMP_EQUAL, audit, 1, 0), eperm, step(LOAD, 0)]
    steps += [step(JUMP_AT_LEAST, 0x40000000, 0, 1), eperm]  # the x32 calls
    for call in refused:
        steps += [step(JUMP_EQUAL, call, 0, 1), eperm]
    # glibc falls back from clone3, whose flags a filter cannot read, to clone.
    steps += [step(JUMP_EQUAL, clone3, 0, 1), step(RETURN, REFUSE | errno.ENOSYS)]
    steps += [step(JUMP_EQUAL, clone, 0, 3), step(LOAD, 16), step(JUMP_SET, NEW_NAMESPACES, 0, 1)]
    steps += [eperm, step(RETURN, ALLOW)]
    return b"".join(steps)
