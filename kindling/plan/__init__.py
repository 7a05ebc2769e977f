"""Capacity planning: what an installation needs, from figures that were measured."""
