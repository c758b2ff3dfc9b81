"""Reviews (好差评): citizens judge how a case was handled, and bad reviews are put right."""
