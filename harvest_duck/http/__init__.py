"""One exchange with a server: connections, content encodings, retries, rate limits, and the log of requests.

It takes a method, a URL and headers; it gives a status, headers and a body, or an error of the tree. It knows neither
tables nor tokens. This file stays free of aiohttp, which is loaded by the first request. It may import `protocol` and
below.
"""
