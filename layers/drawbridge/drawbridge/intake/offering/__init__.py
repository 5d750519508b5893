"""Offering: what the registry calls for is compared with whom services allow and who is in shares, and made so."""
