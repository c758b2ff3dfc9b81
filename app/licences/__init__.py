"""E-licences: identifiers, issue, states, presentation codes, verification."""
