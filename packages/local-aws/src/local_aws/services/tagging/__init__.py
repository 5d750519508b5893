"""Tags on what moto does not know, whatever service it is of."""
