"""Codes on paper, for a person without a phone: printed at a window, reported lost, printed anew."""
