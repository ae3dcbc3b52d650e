"""Ready analytics as SQL text: one file a view, which the engine installs as table macros of each attached account."""
