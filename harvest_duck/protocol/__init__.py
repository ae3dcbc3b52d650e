"""Harvest's API as values: requests, pages and answers, without a socket.

It takes tables, parameters, status codes, headers and bodies; it gives requests to send, the request for the next
page, and the error that an answer means. It may import `catalog`, `errors` and `text`, and does no input or output.
"""
