"""The report page: the figures of an agency made once, and one self-contained file that shows them."""
