"""Servers for the user of this machine: each listens on loopback alone, and answers whoever has its secret."""
