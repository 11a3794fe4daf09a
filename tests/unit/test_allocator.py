"""Freed memory is used again without a page fault, where the C library can be asked for that."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

_SCRIPT = """
import resource, sys
from auditor_app.allocator import keep_freed_memory
from auditor_app.sections import read_section

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    read_section(lambda view, offset: len(view), 0, 80 * 2**20, lambda view: view[::4096].tobytes())
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

if sys.argv[1] == "kept":
    keep_freed_memory()
faults()
print(faults())
"""


def _faults(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _SCRIPT, how], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc can be asked")
def test_the_second_part_lies_where_the_first_one_lay() -> None:
    assert _faults("given back") >= 40
    assert _faults("kept") < 10
