"""How a client and the server prove who they are."""
