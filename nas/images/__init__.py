"""Image files: archives, pictures, downloads, published sets. Datasets and uploads import its modules."""
