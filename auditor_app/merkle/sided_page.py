"""A path that an exchange's page shows as sides and hashes, over a ledger of a uid and fixed coins.

BingX and TopOne show theirs so; they differ in the coins, the leaf's and node's bytes, and the marks of the sides.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from auditor_app.merkle.paired import PairedRule
from auditor_app.merkle.path_file import refuse
from auditor_app.merkle.published import MAX_LEVELS, Claim, ProofDocument, PublishedProof, PublishedStep, Side
from auditor_app.merkle.rule import Layout, Node, Rule
from auditor_app.merkle.scheme import take_parameters
from auditor_app.merkle.template import Template
from auditor_app.merkle.text_sums import check_coins
from auditor_app.merkle.transcript import is_transcript, path_items, read_transcript


@dataclass(frozen=True)
class SidedPage:
    """One exchange's page. ``item`` matches an item of the path, side and hash, and ``form`` says so in words.

    ``sides`` says for each mark where the sibling stands.
    """

    scheme: str
    publisher: str
    coins: tuple[str, ...]
    template: Template
    item: re.Pattern[str]
    form: str
    sides: Mapping[str, Side]

    def bind(self, layout: Layout, parameters: Mapping[str, str], leaf_count: int | None) -> Rule:  # noqa: ARG002
        """The rule over a ledger; it takes no parameters."""
        take_parameters(self.scheme, {}, parameters)
        check_coins(self.scheme, layout, self.coins, self.coins)
        return PairedRule(self.scheme, layout, self.template)

    def recognises(self, document: ProofDocument) -> bool:
        """A transcript that names the scheme."""
        return is_transcript(document, self.scheme)

    def read(self, document: ProofDocument) -> tuple[PublishedProof, ...]:
        """One customer's path; :class:`ProofError` ``PROOF.UNREADABLE`` for anything else."""
        if not self.recognises(document):
            expected = f"a first line such as scheme: {self.scheme}"
            raise refuse(document, self.publisher, "the file is no transcript of the page", expected)
        found = read_transcript(document, self.publisher, ("uid", "leaf", "path", "root"), self.coins)
        layout, row = found.row({"uid": found.text("uid")}, self.coins)
        steps = tuple(
            PublishedStep(Node(bytes.fromhex(item[2])), self.sides[item[1]])
            for item in path_items(found, self.item, self.form, MAX_LEVELS)
        )
        rule = PairedRule(self.scheme, layout, self.template)
        return (PublishedProof(rule, row, Claim(found.digest("leaf")), steps, Claim(found.digest("root"))),)
