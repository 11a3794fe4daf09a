"""``scheme list``, ``scheme show`` and ``scheme demo``: what each tree is, and what it does not prove."""

from __future__ import annotations

import argparse

from auditor_app.cli.terminal import add_json_option, emit_json, say
from auditor_app.merkle.counterexamples.table import demonstrate
from auditor_app.merkle.scheme_page import SchemePage, scheme_page
from auditor_app.merkle.schemes import SCHEMES, scheme_named, typed_scheme


def add(parser: argparse.ArgumentParser) -> None:
    """The ``scheme`` group."""
    commands = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    listed = commands.add_parser("list", help="every scheme, its uses and its limitations in a line")
    add_json_option(listed)
    listed.set_defaults(handler=_list)
    show = commands.add_parser("show", help="one scheme: uses, properties, parameters, what it does not prove")
    show.add_argument("name", metavar="NAME")
    add_json_option(show)
    show.set_defaults(handler=_show)
    demo = commands.add_parser("demo", help="make a counter-example for one limitation of a scheme")
    demo.add_argument("name", metavar="NAME")
    demo.add_argument("limitation", metavar="LIMITATION", help="a code such as TREE.SUM_NOT_BOUND")
    add_json_option(demo)
    demo.set_defaults(handler=_demo)


def _list(options: argparse.Namespace) -> int:
    pages = [scheme_page(scheme_named(name)) for name in SCHEMES]
    emit_json(options.json, {"schemes": [_document(page) for page in pages]})
    for page in pages:
        uses = ", ".join(use for use, there in page.uses.items() if there)
        say(f"{page.name:<16} {page.title}")
        say(f"{'':<16} {uses}")
        say(f"{'':<16} does not prove: {', '.join(item.code for item in page.limitations) or 'nothing declared'}")
    return 0


def _show(options: argparse.Namespace) -> int:
    page = scheme_page(typed_scheme(options.name))
    emit_json(options.json, _document(page))
    say(f"{page.name}  {page.title}")
    say(f"  source  {page.source}")
    say("Uses")
    for use, there in page.uses.items():
        by_tree = f", by proof tree with {page.by_tree[use]}" if use in page.by_tree else ""
        say(f"  {use:<34} {'yes' if there else 'no'}{by_tree}")
    say("Properties")
    for name, value in page.properties.items():
        say(f"  {name:<34} {value}")
    for name, meaning in page.parameters.items():
        say(f"  parameter {name}: {meaning}")
    say("What this tree does not prove")
    for item in page.limitations:
        say(f"  {item.code}")
        say(f"    {item.text}")
        if item.shown:
            say(f"    reserve-auditor scheme demo {page.name} {item.code}")
        else:
            say(f"    No counter-example: {item.why_not}")
    if page.remark:
        say(f"  {page.remark}")
    return 0


def _demo(options: argparse.Namespace) -> int:
    demonstration = demonstrate(typed_scheme(options.name), options.limitation.upper())
    emit_json(
        options.json,
        {
            "scheme": demonstration.scheme,
            "limitation": demonstration.code,
            "title": demonstration.title,
            "shown": [{"name": name, "value": value} for name, value in demonstration.shown],
            "says": demonstration.says,
            "holds": demonstration.holds,
        },
    )
    say(f"{demonstration.scheme}  {demonstration.code}")
    say(demonstration.title)
    for name, value in demonstration.shown:
        say(f"  {name}")
        say(f"    {value}")
    say(demonstration.conclusion)
    return 0 if demonstration.holds else 1


def _document(page: SchemePage) -> dict[str, object]:
    return {
        "name": page.name,
        "title": page.title,
        "source": page.source,
        "uses": dict(page.uses),
        "byProofTree": dict(page.by_tree),
        "properties": dict(page.properties),
        "parameters": dict(page.parameters),
        "limitations": [
            {"code": item.code, "text": item.text, "demo": item.shown, "whyNot": item.why_not or None}
            for item in page.limitations
        ],
    }
