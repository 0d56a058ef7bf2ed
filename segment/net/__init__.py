"""A trained finder of text lines beside the classical one; the only part of segment with torch."""
