"""HTTP to authorization servers; the only package that knows httpx and aiohttp."""
