"""Other people's authorization servers, in processes of their own, and guarded applications."""
