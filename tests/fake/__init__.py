"""The Seam client against Seam's official fake, a program of Seam's own."""
