"""What is wrong between this machine and Harvest: `harvest-duck doctor`, without the command line.

::

    examination ─ machine_probes, sign_in_probes, network_probes, harvest_probes, field_probes ─→ facts
    report ────── machine_rules, network_rules, harvest_rules, field_rules ─→ findings ─→ Report

The probes look: at files, at the network, at answers of Harvest. What goes wrong is a fact, and each has a bound in
time. The rules are functions of the facts: they decide what a fact means and what to do about it. It may import
everything below the engine, and never `duckdb`: it has to work where that is what is broken.
"""
