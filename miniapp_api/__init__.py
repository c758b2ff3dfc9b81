"""HTTP: what phones, staff, terminals and other systems talk to. Thin."""
