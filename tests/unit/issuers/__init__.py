"""The door to authorization servers, held to what it promises."""
