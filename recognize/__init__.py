"""Line images to text; the only package that imports torch."""
