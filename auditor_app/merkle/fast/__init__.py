"""The quick way to the same answers: ledgers hashed many rows at a time, parts side by side, in bounded memory."""
