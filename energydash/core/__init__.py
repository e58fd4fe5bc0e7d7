"""The words that everything is said in: time, units, errors, feeds, settings, access."""
