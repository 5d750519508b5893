"""Registration: who is registered as a consumer, as a sign-up service tells it, and removed."""
