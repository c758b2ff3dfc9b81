"""Licences that were issued elsewhere, brought here from tables."""
