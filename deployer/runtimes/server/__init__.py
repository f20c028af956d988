"""The model server: runs inside a runtime's own environment, never inside the portal's.

The code imports neither Django nor the portal. It serves one model with the KServe SDK's protocol endpoints on a
listening socket that it inherits, so it can serve without any network at all.
"""
