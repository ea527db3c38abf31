"""The team's own tool."""
