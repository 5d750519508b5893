"""The control of the local AWS: the routes below ``/_local/`` and the settings."""
