"""VPC Lattice: resource configurations, services, service networks, and what associates them."""
