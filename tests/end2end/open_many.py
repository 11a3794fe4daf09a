"""Run as a script, in a network of its own: open many files, and say what the kernel counted of connections meanwhile.

``python open_many.py FOLDER PLAIN EXECUTED``. The folder holds ``plain`` and ``executed``, each with s.porsnap, trust.json,
s.porevidence and hash. The network has a loopback device and no way out: what is tried elsewhere is counted as without a
route. Nothing in the process can hide a connection from these counters, not even native code. Ends with 77 where the system does not allow such a network.
"""

from __future__ import annotations

import ctypes
import fcntl
import json
import os
import shutil
import socket
import struct
import sys
from pathlib import Path

NOT_ALLOWED = 77
_NEW_USER, _NEW_NET = 0x10000000, 0x40000000
_GET_FLAGS, _SET_FLAGS, _UP = 0x8913, 0x8914, 1


def alone() -> None:
    """Move this process into a network of its own with its loopback device up."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(_NEW_NET):
        if libc.unshare(_NEW_USER | _NEW_NET):
            print(os.strerror(ctypes.get_errno()), file=sys.stderr)
            sys.exit(NOT_ALLOWED)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        name = struct.pack("16sh", b"lo", 0)
        flags = struct.unpack("16sh", fcntl.ioctl(sock, _GET_FLAGS, name))[1]
        fcntl.ioctl(sock, _SET_FLAGS, struct.pack("16sh", b"lo", flags | _UP))


def counted() -> dict[str, int]:
    """Since the network was made: connections begun, datagrams sent, and what had no route."""
    found = {}
    lines = [line.split() for line in Path("/proc/net/snmp").read_text().splitlines()]
    for heads, values in zip(lines[::2], lines[1::2], strict=True):
        found |= {heads[0] + head: int(value) for head, value in zip(heads[1:], values[1:], strict=True)}
    six = Path("/proc/net/snmp6")
    found |= {line.split()[0]: int(line.split()[1]) for line in six.read_text().splitlines()} if six.exists() else {}
    return {
        "connections": found["Tcp:ActiveOpens"],
        "datagrams": found["Udp:OutDatagrams"] + found.get("Udp6OutDatagrams", 0),
        "elsewhere": found["Ip:OutNoRoutes"] + found.get("Ip6OutNoRoutes", 0),
    }


def the_counters_count() -> bool:
    """Each is seen to rise, or they would show nothing."""
    before = counted()
    for place in (("192.0.2.1", 9), ("127.0.0.1", 9)):
        with socket.socket() as sock:
            sock.connect_ex(place)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.sendto(b"", ("127.0.0.1", 9))
    return {name: value - before[name] for name, value in counted().items()} == dict.fromkeys(before, 1)


def main(folder: Path, plain: int, executed: int) -> None:
    """Open and verify, each time from files that nobody opened before."""
    from auditor_app.engagement.audit import perform
    from auditor_app.engagement.record import AuditRequest
    from auditor_app.operation import CancelToken, run

    told: dict[str, object] = {"countersCount": the_counters_count()}
    for name, times in (("plain", plain), ("executed", executed)):
        before, seen = counted(), set()
        block = (folder / name / "hash").read_text()
        for number in range(times):
            snapshot, evidence = folder / f"{name}{number}.porsnap", folder / f"{name}{number}.porevidence"
            shutil.copy(folder / name / "s.porsnap", snapshot)
            shutil.copy(folder / name / "s.porevidence", evidence)
            request = AuditRequest(snapshot, folder / name / "trust.json", evidence, blocks=(("eip155:1", block),))
            audit = run(perform(request, CancelToken()))
            seen.add(json.dumps([(line.observed, line.grade) for line in audit.addresses]))
            snapshot.unlink()
            evidence.unlink()
        told[name] = {
            "opened": times,
            "seen": sorted(seen),
            **{what: value - before[what] for what, value in counted().items()},
        }
    print(json.dumps(told))


if __name__ == "__main__":
    alone()
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
