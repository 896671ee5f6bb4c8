"""What is drawn with rich: the table, coloured diagnostics, progress."""
