"""How citizens find a service item: search, suggestions, filters, what is popular, halls nearby."""
