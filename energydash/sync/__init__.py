"""What moves readings from sources into the store, and what every answer is asked with."""
