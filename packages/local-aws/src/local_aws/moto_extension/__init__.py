"""Extensions of moto: operations, errors, state, pages, client tokens, and the accounts' default buses."""
