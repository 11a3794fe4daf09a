"""What was on chain at the named blocks: evidence files and their capture."""
