"""Parts of EC2 that all services in a VPC need: facts of networks, answers, filters."""
