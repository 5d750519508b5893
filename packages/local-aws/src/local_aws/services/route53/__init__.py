"""Route 53: hosted zones, their VPCs and their records."""
