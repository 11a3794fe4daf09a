"""Merkle trees: the table of schemes, recomputed roots, inclusion proofs and what each scheme cannot show."""
