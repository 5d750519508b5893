"""Tags on the resources that moto does not have, of any service."""
