"""Proofs of control over reserve addresses: signed messages and proofs of funds, each method one file.

:data:`auditor_app.chain.ownership.methods.METHODS` has one line per method,
:data:`auditor_app.chain.ownership.lists.LAYOUTS` one per published list.
"""
