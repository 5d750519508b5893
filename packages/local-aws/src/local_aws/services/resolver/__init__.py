"""What a client in a VPC gets for a name."""
