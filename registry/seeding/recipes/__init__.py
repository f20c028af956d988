"""One module for each demonstration model: `build()` gives the finished `Product`, the `.md` beside it is the card."""
