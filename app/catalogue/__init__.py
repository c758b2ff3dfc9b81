"""What the city offers: regions, departments, service items with their guides and forms, licence types."""
