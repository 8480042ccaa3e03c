"""The console's pages, one file a subject. Each answers what `Entry` names, in a `Visit`."""
