"""The commands of the command line, a module per room; imported when they are called."""
