"""The webhook: notices are sent to one address of the account's own, signed as Standard Webhooks has it.

https://www.standardwebhooks.com/ has libraries that verify them, in most languages.
"""
