"""The server for agents: Harvest by the Model Context Protocol, behind one door, within an allowance of requests."""
