"""AWS's published price list files: read in a stream, matched with the book's keys, made into a new book.

`refreshed` makes a new book and says what would change; nothing is written but by the caller (`write_book`).
"""
