"""DNS names and public DNS."""
