"""Names in DNS, and what the whole world sees of them."""
