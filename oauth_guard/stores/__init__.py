"""Where we remember: stores, and what is kept in them."""
