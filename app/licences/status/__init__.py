"""Status lists: what every licence is worth, for whoever verifies without a network (IETF Token Status List)."""
