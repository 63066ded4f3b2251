"""Tests through the public interface: standards, attacks, introspection, the demo and README."""
