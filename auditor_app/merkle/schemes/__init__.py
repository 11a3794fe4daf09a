"""One file per published scheme, one line per scheme in the table."""
