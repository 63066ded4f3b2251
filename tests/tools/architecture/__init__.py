"""The rules of the house as code: each checker reads source and yields what breaks its rule."""
