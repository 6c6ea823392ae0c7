"""The versions that we say we work with, tried: `make versions`."""
