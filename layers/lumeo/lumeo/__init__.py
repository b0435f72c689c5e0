"""Lumeo: slow machine-learning APIs as one dependable HTTPS call."""
