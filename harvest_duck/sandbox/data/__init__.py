"""The records of the sandbox: a made-up agency, generated from a seed.

It takes a seed and a scale. It gives accounts whose people, clients, projects, time entries, expenses, estimates,
invoices and payments agree with each other. It may import `grants` and `wire`.
"""
