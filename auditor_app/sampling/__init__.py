"""Samples: planned in exact rationals, committed first, drawn with public randomness, repeatable by anyone."""
