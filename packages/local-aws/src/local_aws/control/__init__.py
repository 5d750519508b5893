"""What is below ``/_local/``: its routes, and the settings of how hard it is."""
