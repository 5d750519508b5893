"""Name resolution inside a VPC."""
