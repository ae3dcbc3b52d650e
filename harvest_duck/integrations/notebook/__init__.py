"""Cells of SQL in Jupyter: `%load_ext harvest_duck`, then `%%harvest`, whose result keeps its rows.

`extension` is what IPython loads, and `magics` what it calls. `options` reads the line of a cell, and `parameters` the
values that its SQL takes from the notebook; both are pure. `statements` runs the SQL, `progress` shows how far it is,
`failures` makes an error one line, `completion` answers Tab, and a `result` is what the cell leaves.
"""
