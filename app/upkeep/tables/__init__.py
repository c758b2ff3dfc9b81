"""The whole catalogue as tables: a workbook or a ZIP of CSV files that an office edits (docs/catalogue-tables.md)."""
