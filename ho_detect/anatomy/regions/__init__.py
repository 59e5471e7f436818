"""Where things lie: landmarks, compartments, muscle groups, tissue, metal."""
