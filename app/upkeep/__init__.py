"""How the city keeps its catalogue right: loading, drafts, publication by two, tables, checks, figures."""
