"""Pixels to geometry: cleaning, lines, words, regions, reading order. No files, no torch."""
