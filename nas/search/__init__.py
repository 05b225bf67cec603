"""The loop of a search: its journal, the history that a searcher is told, and how a killed search goes on."""
