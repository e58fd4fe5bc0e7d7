"""When to use power: the best hours ahead by carbon or price, or of a signal of one's own."""

from energydash.answers.flexibility.windows import BestHours, By, best_hours, best_hours_of_file

__all__ = ["BestHours", "By", "best_hours", "best_hours_of_file"]
