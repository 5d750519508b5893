"""Measuring what an onboarding and a decision cost, and how long each function takes to load."""
