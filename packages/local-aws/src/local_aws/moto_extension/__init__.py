"""How moto is extended: operations, errors, state, pages, client tokens, and the accounts' default buses."""
