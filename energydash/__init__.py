"""energydash: grid, home, battery and schedule in one dashboard, with figures people can trust."""

__version__ = "0.1.0"
