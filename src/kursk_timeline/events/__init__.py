"""The kinds of events, and their canonical JSON."""
