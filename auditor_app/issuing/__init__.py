"""The exchange's side: from plain CSV files and a short description to a packed snapshot."""
