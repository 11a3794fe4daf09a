"""Options that the commands of ``sample`` share."""

from __future__ import annotations

import argparse

from auditor_app.errors import UsageError
from auditor_app.sampling.plan_document import RisksAsked

_RISKS = ("inherent_risk", "control_risk", "analytical_risk")


def add_rates(parser: argparse.ArgumentParser) -> None:
    """Rates as typed, and the risks that may stand in place of the confidence."""
    parser.add_argument("--confidence", metavar="C", help="for instance 95%% or 0.95")
    parser.add_argument("--audit-risk", metavar="R", help="in place of --confidence: 1 - R / (IR * CR * AP), exact")
    parser.add_argument("--inherent-risk", metavar="IR", help="with --audit-risk; 100%% without")
    parser.add_argument("--control-risk", metavar="CR", help="with --audit-risk; 100%% without")
    parser.add_argument("--analytical-risk", metavar="AP", help="with --audit-risk: of other procedures; 100%% without")
    parser.add_argument("--tolerable", required=True, metavar="T", help="the tolerable deviation rate, e.g. 5%%")
    parser.add_argument("--expected", default="0", metavar="E", help="the expected deviation rate, e.g. 0.5%%")


def risks_of(options: argparse.Namespace) -> RisksAsked | None:
    """The risks as typed; ``None`` where the confidence is; :class:`UsageError` for half of either."""
    typed = {name: getattr(options, name) for name in _RISKS if getattr(options, name) is not None}
    if options.audit_risk is None:
        if typed:
            raise UsageError("USAGE", "risks go with --audit-risk", action="Type the audit risk, too.")
        if options.confidence is None:
            raise UsageError("USAGE", "--confidence is missing", action="Type it, or the risks that give it.")
        return None
    if options.confidence is not None:
        raise UsageError("USAGE", "--confidence and --audit-risk do not go together", action="Leave one out.")
    named = {name.removesuffix("_risk"): text for name, text in typed.items()}
    return RisksAsked(options.audit_risk, **named)


def confidence_of(options: argparse.Namespace) -> str:
    """The confidence as exact text, typed or from the risks."""
    risks = risks_of(options)
    return str(options.confidence) if risks is None else risks.confidence().text


def count(text: str) -> int:
    """A whole number of an option."""
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise argparse.ArgumentTypeError(f"not a whole number: {text[:40]!r}")
    return int(text)
