"""What a data set is made of: images in memory or in a mapped file, how they are split, and what is wrong with them."""
