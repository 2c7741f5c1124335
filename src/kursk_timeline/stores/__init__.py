"""Where logs are kept: in memory, in an SQLite file."""
