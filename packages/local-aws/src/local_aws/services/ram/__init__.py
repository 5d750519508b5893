"""RAM: shares, invitations, permissions."""
