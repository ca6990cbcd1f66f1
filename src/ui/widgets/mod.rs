//! Plain data to Response: each paints one thing and names it for screen readers.
