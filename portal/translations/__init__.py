"""The catalogues of translated texts: extraction, merging, checks and compilation, without the gettext programs."""
