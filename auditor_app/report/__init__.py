"""The report another auditor can re-perform: document, figures, PDF."""
