"""Raw exchanges of one account: found in any case of an EVM address, only of its chain, and never trusted to be JSON."""

from __future__ import annotations

import json
from dataclasses import replace

import msgspec

from auditor_app.chain.exchange_reading import MOST_SHOWN, exchanges_about
from auditor_app.operation import CancelToken
from auditor_app.snapshot.authentic import AuthenticEvidence
from auditor_app.snapshot.statement import Annotations, Digest, Subject
from tests.unit.chain.snapshots import Members, evidence

ACCOUNT = "eip155:1:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
TOKEN = CancelToken()


def line(request: str, **more: str) -> bytes:
    return json.dumps({"at": "t", "origin": "https://h", "asked": "POST", "request": request, **more}).encode() + b"\n"


def held(**members: bytes) -> AuthenticEvidence:
    made = evidence([])
    names = {name.replace("__", "/").replace("_", "-") + ".jsonl": data for name, data in members.items()}
    subjects = tuple(
        Subject(
            name=name,
            digest=Digest(sha256="0" * 64),
            media_type="x",
            annotations=Annotations(role="exchanges", size=str(len(data))),
        )
        for name, data in names.items()
    )
    return replace(made, statement=msgspec.structs.replace(made.statement, subject=subjects), members=Members(names))


def test_an_account_is_found_in_any_case_and_only_on_its_chain() -> None:
    lower, other = ACCOUNT.lower().rpartition("0x")[2], "00" * 20
    file = held(
        exchanges__eip155_1__1_h=line(f"[{lower}]", reply="r") + line(other, reply=ACCOUNT) + line(other, reply="none"),
        exchanges__eip155_10__1_h=line(lower, reply="r"),
        proofs__eip155_1=line(lower),
    )
    found = exchanges_about(file, ACCOUNT, TOKEN)
    assert (found.named, found.kept) == (2, 3)
    assert [item.request for item in found.shown] == [f"[{lower}]", other]
    assert found.shown[0].origin == "https://h"


def test_what_is_no_json_object_is_passed_over_and_bytes_are_written_out() -> None:
    address = ACCOUNT.rpartition(":")[2]
    odd = b"not json " + address.encode() + b"\n[" + json.dumps(address).encode() + b"]\n"
    file = held(exchanges__eip155_1__1_h=odd + line(address, replyBase64="/wA=") + line(address, replyBase64="!!"))
    found = exchanges_about(file, ACCOUNT, TOKEN)
    assert [item.reply for item in found.shown] == ["ff00", ""]
    assert found.kept == 4


def test_many_are_counted_and_the_first_are_shown() -> None:
    file = held(exchanges__eip155_1__1_h=line(ACCOUNT, reply="r") * (MOST_SHOWN + 5))
    found = exchanges_about(file, ACCOUNT, TOKEN)
    assert (len(found.shown), found.named) == (MOST_SHOWN, MOST_SHOWN + 5)
