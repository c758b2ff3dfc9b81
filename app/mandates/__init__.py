"""Who may act for whom: proxies for their family, guardians for children, agents and representatives for companies."""
