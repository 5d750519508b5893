"""PrivateLink: endpoint services, their connections, and VPC endpoints of every type."""
