"""The demonstration: real engines and every process on one machine, and one citizen's trip over real HTTP."""
