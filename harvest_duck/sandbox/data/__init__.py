"""The records of the stand-in: an agency that is made up from a seed.

It takes a seed and a scale; it gives accounts with people, clients, projects, time entries, expenses, estimates,
invoices and payments that agree with each other. It may import nothing of the rest of the sandbox but `wire`.
"""
