"""HTTP requests to authorization servers; the only package that imports httpx and aiohttp."""
