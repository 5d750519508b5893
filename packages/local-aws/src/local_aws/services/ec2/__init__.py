"""What of EC2 all that is in a VPC needs: facts of networks, answers, filters."""
