"""How answers are shown: HTML, plain text for terminals, tables."""
