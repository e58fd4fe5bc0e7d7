"""What a battery really does: charge, energy, capacity, cycles, ageing and money.

Pure: arrays and frames in, frozen results out. Inside, **current and power are positive while
charging** and negative while discharging; sources and files say their own sign and are turned.
"""
