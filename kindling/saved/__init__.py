"""One community in a file: saved as it is at one moment, and restored here or in another deployment."""
