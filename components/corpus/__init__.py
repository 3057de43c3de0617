"""The collection: a folder of audio or pictures, or a table, as one row a track."""
