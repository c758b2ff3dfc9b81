"""What a city, a province and a country need: reckoned from figures, simulated where reckoning does not do.

``figures.yaml`` holds every figure that goes in; ``docs/capacity.md`` holds what comes out.
"""
