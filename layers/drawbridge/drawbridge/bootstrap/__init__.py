"""Building the objects of each function: one module for each, so that none loads more than it uses."""
