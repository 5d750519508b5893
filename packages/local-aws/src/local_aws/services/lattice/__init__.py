"""VPC Lattice: resource configurations, services, service networks, and their associations."""
