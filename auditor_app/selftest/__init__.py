"""The attack corpus: every known attack as real files that go through the auditor's own procedures."""
