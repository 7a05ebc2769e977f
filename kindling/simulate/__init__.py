"""Simulated communities, to see what nudging does: any world, the real services, and policies side by side."""
