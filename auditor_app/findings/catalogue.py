"""Every finding code with its usual severity, the verdict it touches, its meaning and what to do.

One line adds a code. ``docs/finding-codes.md`` is generated from this table and a test compares them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Severity(StrEnum):
    """How much a finding weighs; only the last two change a verdict or the exit status."""

    NOTE = "note"
    WARNING = "warning"
    EXCEPTION = "exception"
    CRITICAL = "critical"


class Area(StrEnum):
    """Which of the three questions a code answers; ``USE`` is for commands and files outside all three."""

    AUTHENTIC = "authentic"
    DATA = "data"
    COVERAGE = "coverage"
    USE = "use"


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One row of the table."""

    code: str
    severity: Severity
    area: Area
    meaning: str
    action: str


_NOTE, _WARN, _EXC, _CRIT = Severity.NOTE, Severity.WARNING, Severity.EXCEPTION, Severity.CRITICAL
_AUTH, _DATA, _COV, _USE = Area.AUTHENTIC, Area.DATA, Area.COVERAGE, Area.USE

_ENTRIES: tuple[tuple[str, Severity, Area, str, str], ...] = (
    # the file itself
    ("SNAPSHOT.UNREADABLE", _CRIT, _USE, "The file cannot be opened or is not a snapshot.", "Ask for the file again."),
    ("SNAPSHOT.CONTAINER", _CRIT, _AUTH, "The archive is not the canonical container.", "Ask for the file again; compare its digest with the issuer's."),
    ("SNAPSHOT.LIMIT", _CRIT, _AUTH, "A limit of the format is exceeded.", "Ask for a file within the limit."),
    ("SNAPSHOT.ENVELOPE", _CRIT, _AUTH, "The signature envelope is malformed or not canonical.", "Ask for the file again."),
    ("SNAPSHOT.JSON", _CRIT, _AUTH, "A JSON document breaks the strict rules.", "Ask the issuer for a corrected file."),
    ("SNAPSHOT.SCHEMA", _CRIT, _AUTH, "The signed statement breaks the closed schema.", "Ask the issuer for a corrected file."),
    ("SNAPSHOT.VERSION", _CRIT, _AUTH, "The format version is not one this program knows.", "Use a program version that knows it."),
    ("SNAPSHOT.GRAMMAR", _CRIT, _DATA, "A member breaks the byte-exact grammar.", "Ask the issuer for corrected data; nothing behind the named byte was read."),
    # who signed it
    ("SIGNATURE.INVALID", _CRIT, _AUTH, "A signature does not fit the payload and the key it names.", "Treat the file as changed on its way."),
    ("SIGNATURE.UNKNOWN_KEY", _CRIT, _AUTH, "A signature was made by a key that is not pinned.", "Obtain its fingerprint over a second channel and pin it, or ask for a file without that signature."),
    ("SIGNATURE.THRESHOLD", _CRIT, _AUTH, "Fewer distinct pinned keys and signers signed than the trust store asks for.", "Ask for the missing signature."),
    ("SIGNATURE.REVOKED", _CRIT, _AUTH, "A signing key was revoked before the trusted time.", "Ask for a file signed by a key that is still valid."),
    ("SIGNATURE.EXPIRED", _CRIT, _AUTH, "A signing key was outside its validity at the trusted time.", "Ask for a file signed by a valid key, or type the right time."),
    ("SIGNATURE.ROLE", _CRIT, _AUTH, "A key with another role signed.", "Ask for a file signed by a key of the right role."),
    ("SIGNATURE.ISSUER", _CRIT, _AUTH, "The statement names another issuer than the one whose keys signed it.", "Ask the issuer."),
    ("TRUST.STORE", _CRIT, _USE, "The trust store cannot be read.", "Restore it, or pin the keys again."),
    ("TRUST.FINGERPRINT", _CRIT, _USE, "The typed fingerprint is not that of the key file.", "Compare both with the second channel again."),
    ("TRUST.KEY", _CRIT, _USE, "The key cannot be pinned or changed as asked.", "Read the message; correct the entry."),
    ("MEMBER.DIGEST", _CRIT, _AUTH, "A member's bytes are not the ones that were signed.", "Treat the file as changed on its way."),
    ("MEMBER.MISSING", _CRIT, _AUTH, "A signed member is missing, or an unsigned one is present.", "Ask for the complete file."),
    ("MEMBER.SIZE", _CRIT, _AUTH, "A member has another size than the signed one.", "Treat the file as changed on its way."),
    ("TIMESTAMP.INVALID", _EXC, _AUTH, "The time stamp token does not fit the payload or no pinned authority made it.", "Do not rely on its time."),
    ("TIMESTAMP.UNPINNED", _WARN, _AUTH, "The time stamp comes from an authority that is not pinned.", "Pin the authority, or type the time you trust."),
    # is it the right one
    ("FRESH.NONCE", _EXC, _AUTH, "The snapshot does not hold the nonce that the auditor issued.", "Ask for a snapshot made for this engagement."),
    ("FRESH.ROLLBACK", _EXC, _AUTH, "The snapshot does not follow the one that the auditor holds.", "Ask for the newest snapshot and the chain between."),
    ("FRESH.DATES", _EXC, _AUTH, "The snapshot's dates contradict each other or the trusted time.", "Ask the issuer."),
    # liabilities
    ("LEAF.NEGATIVE", _EXC, _DATA, "A balance is negative where the column does not allow it.", "Ask for the account's records; liabilities are understated by it."),
    ("LEAF.DUPLICATE", _EXC, _DATA, "An id occurs more than once where it must be unique.", "Ask for the customers behind that id."),
    ("LEAF.ORDER", _EXC, _DATA, "Rows are not in the declared order.", "Ask for the ledger in the declared order."),
    ("LEAF.NET_DEBT", _WARN, _DATA, "Customers owe an asset: their debts lower the net total, and rows set them off against what they hold of others.", "Ask for the loans and their collateral; set reserves against the gross total."),
    ("ROWS.COUNT", _EXC, _DATA, "The number of rows is not the declared one.", "Ask which rows are missing or added."),
    ("LEDGER.EMPTY", _EXC, _DATA, "The ledger has no rows and its scheme has no root for that.", "Ask for the ledger."),
    ("LEDGER.UNREADABLE", _CRIT, _USE, "The ledger file cannot be read.", "Check the path and the permissions."),
    ("LEDGER.CHANGED", _CRIT, _USE, "The ledger changed while it was read.", "Make a copy that nobody writes to, and run again."),
    ("TOTALS.MISMATCH", _EXC, _DATA, "The recomputed total is not the published one.", "Ask the issuer to reconcile; the recomputed total is exact."),
    ("ROOT.MISMATCH", _CRIT, _DATA, "The recomputed root is not the published one.", "The ledger handed over is not the one that was committed to."),
    ("ROOT.TYPED_MISMATCH", _CRIT, _DATA, "The root typed from the exchange's website is not the recomputed one.", "Read the website again; then treat it as two commitments."),
    ("ROOT.EQUIVOCATION", _CRIT, _DATA, "Two different roots exist for one date.", "Ask which one customers were shown."),
    ("ROOT.NOT_TYPED", _NOTE, _DATA, "No root from the exchange's own publication was typed in for comparison.", "Type the root from the exchange's website."),
    ("ROOT.NOT_TIMESTAMPED", _NOTE, _DATA, "Nothing but the issuer's word shows that the root was published soon after the snapshot's instant; an exception where its own dates show that it was late.", "Ask for an RFC 3161 time stamp, and for the date at which customers could first see the root."),
    ("KERNEL.FALLBACK", _NOTE, _DATA, "Compiled code could not be used on this machine.", "Results are the same and take longer; read the message."),
    ("SCHEME.UNKNOWN", _CRIT, _DATA, "The commitment scheme is not known.", "Use a program version that knows it."),
    ("SCHEME.PARAMETERS", _CRIT, _DATA, "The scheme's parameters are missing or wrong.", "Ask the issuer for the parameters."),
    ("SCHEME.LIMIT", _CRIT, _DATA, "The ledger is too large for the scheme to be recomputed here.", "Ask for a published tree file, or for a ledger in the tree's own order."),
    ("SCHEME.WEAK_HASH", _NOTE, _DATA, "The scheme's digest is shorter than 256 bits.", "Weigh it: a collision costs half that many bits of work."),
    ("EXCLUSION.DECLARED", _NOTE, _DATA, "The issuer declares liabilities that it left out.", "Inquire into the reason and the amount."),
    # MEXC's export for auditors
    ("EXPORT.UNREADABLE", _CRIT, _USE, "A part file or the log of MEXC's export cannot be read as described.", "Ask for the files as the exporter wrote them, with their log."),
    ("EXPORT.FILES", _EXC, _DATA, "The part files are not those that the log lists.", "Ask for every part of one export, and for its log."),
    ("EXPORT.DIGEST", _CRIT, _DATA, "A part file has another size or digest than the log states.", "Treat the file as changed since it was exported; ask for it again."),
    ("EXPORT.DIGITS", _WARN, _DATA, "Amounts hold more digits than the exporter writes.", "Ask with which program the files were written or changed."),
    ("EXPORT.ZERO_ROWS", _NOTE, _DATA, "Rows hold no balance at all: the exporter writes such rows where it could not read a balance.", "Ask how many accounts it could not read."),
    ("EXPORT.NO_ROOT", _WARN, _DATA, "The published root cannot be recalculated from this export.", "Ask for hash_id, digital_id and balance_data exactly as hashed, by leaf position, with a signed manifest."),
    # a published proof
    ("PROOF.UNREADABLE", _CRIT, _USE, "The proof file cannot be read as its scheme says.", "Ask for the file as the exchange issues it."),
    ("PROOF.LEAF", _CRIT, _DATA, "The leaf hash in the proof is not the recomputed one.", "The balances shown are not those committed to."),
    ("PROOF.NODE", _CRIT, _DATA, "A node in the proof does not recompute.", "The path was changed or follows another rule."),
    ("PROOF.ROOT", _CRIT, _DATA, "The recomputed root is not the one in the proof file.", "The path does not lead to that root."),
    ("PROOF.SUMS", _EXC, _DATA, "The balances at the proof's root are not the recomputed sums.", "Ask the exchange which total it published."),
    ("PROOF.NEGATIVE", _EXC, _DATA, "A sibling on the path carries a negative balance.", "Liabilities may be understated; ask for the accounts behind it."),
    ("PROOF.PUBLISHED_ROOT", _CRIT, _DATA, "The recomputed root is not the published one that was given.", "The proof belongs to another tree."),
    ("PROOF.SNAPSHOT_ROOT", _CRIT, _DATA, "The root of the customer's proof is not the root in the snapshot.", "The customer was shown another tree; ask the exchange for both."),
    ("PROOF.NOT_IN_LEDGER", _CRIT, _DATA, "The leaf of the customer's proof stands nowhere in the ledger that was handed over.", "The customer was shown other balances, or another tree, than the auditor."),
    ("PROOF.POSITION", _CRIT, _DATA, "The customer's proof shows the leaf at another place than the ledger has it.", "Two customers may have been shown one leaf; ask for the proofs of both."),
    ("PROOF.SIBLING", _CRIT, _DATA, "A sibling in the customer's proof is not the one in the recalculated tree.", "The customer was shown another tree, or sums that were changed."),
    ("RANGE.FIELD", _EXC, _DATA, "A published value is larger than the field that it is packed into.", "It overflows into the next field: two different sets of values have one commitment."),
    ("TREE.HASH_NOT_BINDING", _EXC, _DATA, "One node hash stands in a tree with two different balances.", "Ask for the padding rule; where the scheme declares none, treat the balances as not committed to."),
    ("TREE.UNCLAIMED", _EXC, _DATA, "Leaves of a published tree belong to none of the customers in a list said to be complete.", "Ask whose they are: invented leaves with a balance hide nothing, but a list that lacks customers does."),
    ("TREE.UNTRACED", _EXC, _DATA, "A customer's secret leads to no leaf of the published tree.", "Ask the exchange for the secret of this tree, or for the leaf."),
    ("RANGE.FIELD", _CRIT, _DATA, "A published value does not fit the field in which the scheme hashes it.", "Treat the total as forged until the exchange explains it: a value outside its range can stand for another."),
    # sample
    ("SAMPLE.COMMITMENT", _CRIT, _USE, "The sample has no valid earlier commitment.", "Commit first, then wait for the randomness."),
    ("SAMPLE.RANDOMNESS", _CRIT, _USE, "The randomness is not what the commitment named, or its signature does not fit.", "Use the named source and round."),
    ("SAMPLE.PLAN", _CRIT, _USE, "The sample plan cannot be computed.", "Correct the rates."),
    ("SAMPLE.INCLUSION", _CRIT, _DATA, "A drawn leaf's inclusion proof does not lead to the published root.", "Count it as a deviation and inquire."),
    ("SAMPLE.DUMMY", _CRIT, _USE, "The dummy leaf, which must fail, passed.", "Do not rely on this run; report the defect."),
    ("SAMPLE.WEAKER_SOURCE", _NOTE, _DATA, "The sample's randomness comes from a source weaker than a drand round.", "Weigh it; prefer a drand round."),
    ("SAMPLE.TABLE", _CRIT, _USE, "An imported table cannot be used.", "Correct the row that the message names."),
    ("SAMPLE.DRAWN", _CRIT, _USE, "A file is no drawn or executed sample.", "Use the file that sample draw or sample execute wrote."),
    ("SAMPLE.LETTER", _CRIT, _USE, "Letters cannot be merged from this template.", "Correct the template."),
    ("SAMPLE.NOT_IN_LEDGER", _EXC, _DATA, "An item of a reciprocal population was not found in the ledger.", "Inquire: a liability may have been left out."),
    ("SAMPLE.AMOUNT", _EXC, _DATA, "An item of a reciprocal population has another amount in the ledger.", "Inquire; compare the instants of both."),
    ("SAMPLE.LEDGER", _EXC, _DATA, "A drawn item does not agree with the extract of the exchange's own ledger.", "Count it as a deviation and inquire."),
    ("SAMPLE.REPLY", _EXC, _DATA, "A customer's reply does not agree with the drawn item.", "Count it as a deviation and inquire."),
    ("SAMPLE.NO_ANSWER", _EXC, _DATA, "There is no answer for a drawn item.", "It counts as a deviation unless an alternative procedure replaces it with a reason."),
    ("SAMPLE.REPLACED", _NOTE, _DATA, "A missing answer was replaced by an alternative procedure.", "Weigh the reason."),
    # reserves
    ("ADDRESS.DUPLICATE", _EXC, _COV, "One account is counted twice.", "Count it once."),
    ("ADDRESS.UNDECODABLE", _EXC, _COV, "An address cannot be decoded for its chain.", "Ask for the right address."),
    ("ADDRESS.NO_CHECKSUM", _WARN, _COV, "Addresses are written without a checksum: a typing error would go unnoticed.", "Ask for the checksummed spelling, or compare with a second list."),
    ("ADDRESS.UNKNOWN_FORM", _WARN, _COV, "Addresses stand on a chain whose address form this program does not know.", "Compare their spelling by hand."),
    ("ASSET.UNKNOWN", _EXC, _COV, "An address names an asset that the snapshot's asset map does not place on its chain.", "Ask for the corrected asset map; the row counts for nothing."),
    ("ADDRESS.TYPO", _WARN, _COV, "An address is spelt without a checksum, so a typing error in it would not be seen.", "Ask for the checksummed spelling; a signature bound to the address shows the same."),
    ("OWNERSHIP.UNREADABLE", _CRIT, _USE, "The list of addresses and signatures cannot be read.", "Give the file as the exchange publishes it."),
    ("OWNERSHIP.INVALID", _EXC, _COV, "A signature does not fit the message and the address.", "Ask for a new signature; until then control of the address is not shown."),
    ("OWNERSHIP.UNSIGNED", _EXC, _COV, "A reserve address comes without a proof of control.", "Ask for a message signed with its key."),
    ("OWNERSHIP.NOT_DECIDED", _WARN, _COV, "A proof of control needs more than the row to be decided.", "Capture the evidence it names; until then the address counts as unsigned."),
    ("OWNERSHIP.STALE", _EXC, _COV, "A signed message holds neither the auditor's challenge nor a date near the snapshot.", "Ask for a signature over a fresh challenge: an old one can be shown for ever."),
    ("OWNERSHIP.INDIRECT", _WARN, _COV, "A signature binds a key or named owners, not the address itself.", "Observe on chain that the key or the owners control the address."),
    ("OWNERSHIP.REPEATED", _WARN, _COV, "A signature already stood beside another account or in an earlier list.", "Ask for a signature of its own over a fresh challenge."),
    ("ASSET.WRAPPED_DOUBLE_COUNT", _EXC, _COV, "A wrapped form and the coins behind it are both counted.", "Count one of them."),
    ("ASSET.NATIVE_COIN", _EXC, _COV, "The asset map places an asset on a chain's own coin, which goes by another name.", "Ask for the corrected asset map: the coins observed are not those that are owed."),
    ("ASSET.SELF_ISSUED", _EXC, _COV, "A reserve asset was issued by the exchange itself.", "Do not let it cover other liabilities."),
    ("CHAIN.UNPINNED_BLOCK", _WARN, _COV, "A chain is named by height without a block hash.", "Ask for the block hash."),
    ("CHAIN.CHECKPOINT", _EXC, _COV, "A beacon checkpoint typed by the auditor does not lead to the block of the evidence.", "Compare the checkpoint with its source; type the block's hash, or capture light-client data from this checkpoint."),
    ("CHAIN.TYPED_MISMATCH", _EXC, _COV, "The block hash typed by the auditor, or derived from a typed checkpoint, is not the one that the snapshot names.", "Read it again; then ask the issuer which chain its balances are of."),
    ("CLAIM.TOTAL", _EXC, _COV, "The claimed total of an asset is not the sum of its addresses.", "Ask the issuer to reconcile."),
    ("EVIDENCE.ABSENT", _NOTE, _COV, "No evidence file was given; reserves are only claimed.", "Capture the balances at the named blocks."),
    ("EVIDENCE.UNREADABLE", _CRIT, _USE, "The evidence file cannot be read.", "Capture it again."),
    ("EVIDENCE.UNTRUSTED", _WARN, _COV, "The evidence was signed by no pinned auditor key; it counts as claimed.", "Pin the capturing auditor's key."),
    ("EVIDENCE.INVALID", _CRIT, _COV, "The evidence file's signature or digests do not fit.", "Treat it as changed on its way; capture it again."),
    ("EVIDENCE.OTHER_SNAPSHOT", _EXC, _COV, "The evidence was captured for another snapshot.", "Capture evidence for this snapshot."),
    ("EVIDENCE.OTHER_BLOCK", _EXC, _COV, "The evidence was captured at another block than the snapshot names.", "Capture it at the named block."),
    ("EVIDENCE.MISSING", _EXC, _COV, "An address has no balance in the evidence.", "Capture it; until then it counts as nothing observed."),
    ("EVIDENCE.UNCLAIMED", _NOTE, _COV, "The evidence holds an address that the snapshot does not claim.", "Ignored in the rate."),
    ("EVIDENCE.PROOF", _EXC, _COV, "A state proof in the evidence does not prove what the evidence states.", "Capture the balances again; the lines of that chain were not used."),
    ("EVIDENCE.ENDPOINTS", _WARN, _COV, "The evidence says that two endpoints gave a block's hash and lists fewer than two hosts.", "Ask the capturing auditor; type the hash from a source of your own."),
    ("EVIDENCE.DISAGREE", _EXC, _COV, "Two sources gave different balances for one address.", "Ask a third source; the lower balance was used."),
    ("RESERVE.MISMATCH", _EXC, _COV, "The observed balance is not the claimed one.", "Ask for the transactions between."),
    ("RESERVE.SHORTFALL", _EXC, _COV, "Observed reserves are less than liabilities.", "Report the difference."),
    ("RESERVE.ZERO", _WARN, _COV, "Addresses are listed as reserves with a balance of zero.", "Ask why they are listed; they back nothing."),
    ("RESERVE.WINDOW", _WARN, _COV, "A balance some days before or after the snapshot differs much from the one at its instant.", "Inquire into the transactions between, and into loans and pledges."),
    ("FUND.BELOW_TARGET", _EXC, _COV, "A protection fund is below its promised target.", "Report the difference."),
    ("FUND.CLAIM_ONLY", _WARN, _COV, "A protection fund exists only as an entry in the issuer's ledger.", "Treat it as a claim."),
    ("FUND.UNOBSERVED", _WARN, _COV, "A protection fund's balance was not observed on chain.", "Capture it."),
    ("FUND.SHARED_ADDRESS", _WARN, _COV, "A protection fund's address is a reserve address of other assets.", "Ask for an address of the fund's own."),
    ("FUND.PRICE_STALE", _WARN, _COV, "A protection fund was valued with a price of another day.", "Ask for a price near the snapshot's instant."),
    ("FUND.PRICE_CLAIMED", _NOTE, _COV, "A protection fund was valued with the issuer's own price.", "Compare it with a source of your own, or capture a price feed."),
    ("FUND.PRICE_DIFFERS", _WARN, _COV, "The issuer's price is not that of the price feed in the evidence.", "Ask where the price comes from; the feed's was used."),
    ("FUND.UNVALUED", _WARN, _COV, "A protection fund cannot be valued in its target's unit.", "Ask for a price with source and time."),
    # the engagement file
    ("ENGAGEMENT.UNREADABLE", _CRIT, _USE, "The file is no engagement file, or it is damaged.", "Restore it from a copy."),
    ("ENGAGEMENT.VERSION", _CRIT, _USE, "The engagement file was written by a newer program.", "Use a program version that knows it."),
    ("ENGAGEMENT.BUSY", _CRIT, _USE, "Another process is writing to the engagement file.", "Close it there, or open it read-only."),
    ("ENGAGEMENT.REFUSED", _CRIT, _USE, "What was asked is against the rules of the engagement file.", "Read the message."),
    ("ENGAGEMENT.LOCKED", _CRIT, _USE, "The engagement is locked; it takes amendments only.", "Say what is amended and why."),
    ("ENGAGEMENT.JOURNAL", _CRIT, _USE, "An entry of the journal was edited, dropped or moved.", "Do not rely on this file; compare it with a copy made earlier."),
    ("ENGAGEMENT.HEAD", _CRIT, _USE, "A head issued earlier does not stand in the journal: it was cut or written anew.", "Do not rely on this file; compare it with a copy made earlier."),
    ("ENGAGEMENT.RULE", _CRIT, _USE, "A journal entry is one that this program would not have written.", "Ask who wrote it, and with what."),
    ("ENGAGEMENT.DOCUMENT", _CRIT, _USE, "A result kept in the engagement file is missing or not the one that the journal names.", "Restore the file from a copy, or perform the run again."),
    ("ENGAGEMENT.SIGN_OFF", _CRIT, _USE, "A signed sign-off does not fit the journal or the pinned keys.", "Ask the signer."),
    ("ENGAGEMENT.CLOCK", _WARN, _USE, "The journal's times run backwards.", "Ask whose clock was set back."),
    ("ENGAGEMENT.INPUT_CHANGED", _EXC, _USE, "An input is no longer the file that was added.", "Find the file with the recorded digest; a changed file is another input."),
    ("ENGAGEMENT.INPUT_MISSING", _WARN, _USE, "An input is not where it was.", "Name the folder that holds it."),
    ("ENGAGEMENT.PACKAGE", _CRIT, _USE, "The package cannot be read as this program writes it.", "Ask for the package again."),
    ("REPERFORM.DIFFERENCE", _EXC, _USE, "A repeated procedure gave another result than the recorded one.", "Compare inputs, program versions and pinned keys; then ask for an explanation."),
    ("REPERFORM.NOT_PERFORMED", _EXC, _USE, "A procedure could not be repeated.", "Supply what the message names."),
    ("REPERFORM.OTHER_VERSION", _NOTE, _USE, "The package was made by another program version.", "Repeat with that version where a difference is listed."),
    ("REPERFORM.OTHER_STORE", _NOTE, _USE, "Another trust store was used than at the time.", "Compare both; keys of the package are never used."),
    # use of the program
    ("PROGRAM.DEFECT", _CRIT, _USE, "The program met a mistake of its own.", "Report it with the details that are shown."),
    ("PROGRAM.PROCESS_ENDED", _CRIT, _USE, "The window's second process, which does the long work, was ended or cannot be started.", "Close other programs if memory is short, then start the work again."),
    ("USAGE", _CRIT, _USE, "The command was used wrongly.", "Read --help."),
    ("MACHINE.MEMORY", _CRIT, _USE, "This machine had not enough memory.", "Close other programs, or use fewer threads: RESERVE_AUDITOR_THREADS=1."),
    ("MACHINE.DISK", _CRIT, _USE, "A disk took no more, or could not be read or written.", "Make room, or name another folder for temporary files in TMPDIR."),
    ("MACHINE.FILES", _CRIT, _USE, "This machine opens no more files.", "Close other programs, or raise the limit: ulimit -n."),
    ("OUTPUT.WRITE", _CRIT, _USE, "A result could not be written.", "Choose a folder that exists and may be written."),
    ("REPORT.BUILD", _CRIT, _USE, "The report could not be built.", "Read the message."),
    ("REPORT.INCOMPLETE", _CRIT, _USE, "A final report lacks a required element.", "Supply what the message names, or build a draft."),
    ("REPORT.TEMPLATE", _CRIT, _USE, "The firm's report template cannot be used.", "Correct the named file; compare it with the bundled template."),
    ("REPORT.UNREADABLE", _CRIT, _USE, "The file cannot be read as a report of this program.", "Ask for the file again."),
    ("REPORT.SIGNING", _CRIT, _USE, "The report could not be signed.", "Read the message."),
    ("REPORT.UNSIGNED", _EXC, _USE, "The report carries no signature.", "Ask for the signed file."),
    ("REPORT.SIGNATURE", _CRIT, _AUTH, "A signature of the report does not fit its bytes, or does not come from a certificate that the reader named.", "Do not rely on this file; ask the signer."),
    ("REPORT.CHANGED", _CRIT, _AUTH, "The file was changed after it was built or signed.", "Do not rely on this file; ask for it again."),
    ("REPORT.ATTACHMENT", _CRIT, _AUTH, "An attachment is missing, was added, or is not the one that the report lists.", "Do not rely on this file; ask for it again."),
    ("REPORT.JOURNAL", _CRIT, _AUTH, "The report does not fit the engagement's journal.", "Compare both with copies made earlier."),
    ("REPORT.DRAFT", _WARN, _USE, "The file is a draft.", "Ask for the final report."),
    ("REPORT.NOT_NAMED", _EXC, _USE, "No certificate was named, so signatures show only that the bytes were not changed since they were signed.", "Obtain the signer's certificate over a second channel and name it."),
    ("ISSUER.INPUT", _CRIT, _USE, "The issuer's description or data cannot be packed.", "Correct the named file."),
    ("CHAIN.ENDPOINT", _CRIT, _USE, "An endpoint did not answer as it must.", "Try again, or use another endpoint."),
)  # fmt: skip

CATALOGUE: Mapping[str, CodeEntry] = MappingProxyType({row[0]: CodeEntry(*row) for row in _ENTRIES})

LIMITATIONS: Mapping[str, str] = MappingProxyType(
    {
        "COMPLETENESS": "Accounts that were left out before signing cannot be seen in the file; only customers' own proofs or the exchange's source records show them.",
        "ID_UNIQUENESS": "The file cannot show that one id was not given to two customers.",
        "TREE.SUM_NOT_BOUND": "A node commits to the sum, not to each child's sum: two customers can be shown proofs that both fit a total smaller than their balances. Recomputing the tree from every leaf removes this; a single proof does not.",
        "TREE.NO_SUMS": "The tree carries no sums: an inclusion proof alone says nothing about the total. Recomputing from every leaf does.",
        "TREE.ROUNDING": "Sums are rounded at every node, so the root's total can be below the sum of the leaves.",
        "TREE.LEAF_NOT_BOUND": "The publisher does not say how a leaf is made: its hash was taken from the file, and nothing recalculated ties it to the balances.",
        "TREE.NO_PATH": "The file shows no path to a root; only together with the published tree does it say that the leaf stands in it.",
        "SCHEME.AMBIGUOUS": "Fields are hashed without separators: two different rows can give the same leaf.",
        "SCHEME.DUPLICATES_ODD": "A lone node is paired with a copy of itself: a list with its tail repeated has the same root.",
        "SCHEME.NO_DOMAIN_SEPARATION": "Leaves and nodes are hashed alike: an inner node can be passed off as a leaf.",
        "SCHEME.TRUNCATED": "The digest is shorter than SHA-256; a collision costs half its bits of work.",
        "SCHEME.UNSALTED": "Leaves hold no secret: whoever guesses an id and a balance can confirm the guess.",
        "SCHEME.UNCONFIRMED": "No published sample confirms the whole rule: it is as read in the publisher's source, and a difference may be the rule's.",
        "ZK.NOT_CHECKED": "The zero-knowledge proof itself is not checked.",
        "RESERVES.OWNERSHIP": "Control of the addresses was not established by a procedure of this run.",
        "OWNERSHIP.KEY_AT_HAND": "A signature shows that the key was at hand when the message was signed; not that it was at the snapshot's instant, nor that nobody else holds it.",
        "OWNERSHIP.AMOUNT_UNNAMED": "A transaction shows that somebody with the key moved coins; only an amount that the auditor named beforehand, in the challenge, shows that it was done for this engagement.",
        "OWNERSHIP.NOT_REEXECUTED": "Contract wallets could not be asked again about their signatures on this installation; these signatures count as no proof of control, neither valid nor invalid.",
        "UTXO.SPEND_WITHHELD": "A replayed history shows what was paid in; whoever served it could leave a spending transaction out, and no proof of absence exists. Headers were linked to the named block; their proof of work was not recalculated.",
        "RESERVES.BORROWED": "Balances at one instant do not show whether assets were borrowed, pledged or moved in for that instant.",
        "RESERVES.ONE_SOURCE": "Balances were observed through an endpoint; nothing in the file proves that endpoint's word.",
        "EVIDENCE.DECIMALS": "How many decimals a token has was not asked of its own code again; it is the capturing auditor's observation.",
        "EVIDENCE.NOT_REEXECUTED": "Balances that a token computes could not be re-executed on this installation; they are graded by their sources.",
        "ENGAGEMENT.NO_HEAD": "Without a head from outside the file (an issued report, a signed sign-off or a typed one) neither entries cut from the end nor a journal written anew as a whole can be seen.",
        "ENGAGEMENT.WORD_OF_KEEPER": "Times and names in the journal are the word of whoever kept it; a time stamp or a signature shows more.",
        "AFTER_DATE": "Nothing here says what happened after the snapshot's instant.",
    }
)  # fmt: skip
