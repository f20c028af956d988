"""The demonstration models: how they are made, and how their files are read back.

`train.py` and `recipes/` run in an environment of their own (`requirements.txt`), away from the portal's process. The
portal uses `loader.py` alone. Nothing here imports Django.
"""
