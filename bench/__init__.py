"""What an onboarding costs, and how long each function takes to load."""
