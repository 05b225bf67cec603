"""Uploads of images: received, unpacked in a limited child process, stored by digest.

`api.routes.datasets` imports `uploads`.
"""
