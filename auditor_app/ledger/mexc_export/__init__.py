"""What MEXC hands to its auditor: part files of rounded balances, and the log that lists them."""
