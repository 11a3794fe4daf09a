"""The engagement: which procedures were performed, on what, and what each found."""
