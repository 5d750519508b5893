"""IAM that is enforced: what a role may do is decided by its policies, on the resource and under the conditions.

- ``policies``, ``conditions``, ``patterns``, ``principals``: policy documents and their evaluation, without moto.
- ``requirements``, ``reference``, ``rules``, ``calls``: what an AWS call needs, by the service authorization reference.
- ``facts``, ``identities``: what moto knows of resources, roles and users.
- ``authorize``, ``trust``, ``refusals``: the answer to a call.
- ``usage``: whether a role's policies are as narrow as what it did.
"""
