"""How a client turns what it has into a model's input. Standard library only, so that anyone can copy it."""
