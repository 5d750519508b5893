"""Disassociation: what accounts that left a share have associated is deleted once it is due."""
