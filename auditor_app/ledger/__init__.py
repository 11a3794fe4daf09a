"""Liability ledgers: byte-exact grammar, exact totals, rows streamed part by part."""
