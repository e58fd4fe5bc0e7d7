"""Files that people bring: a module per kind."""
