"""Tests of the migration pages: what their applications were before, and what they are after."""
