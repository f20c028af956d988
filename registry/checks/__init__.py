"""What the portal finds out about a version by itself, before a person looks at it."""
