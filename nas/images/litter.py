"""Files and folders that systems and tools leave between a user's own: they are no part of any data set."""

from pathlib import PurePath

NAMES = frozenset(
    {
        # macOS
        ".ds_store", ".localized", "icon\r", "__macosx", ".appledouble", ".lsoverride", ".spotlight-v100", ".trashes",
        ".fseventsd", ".temporaryitems", ".documentrevisions-v100", ".apdisk", ".volumeicon.icns",
        # Windows
        "thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "$recycle.bin", "system volume information",
        # Linux desktops
        ".directory", ".thumbnails", ".trash", ".trash-1000", "lost+found",
        # storage at home, synchronisation, phones, photo programs
        "@eadir", "#recycle", ".stfolder", ".stversions", ".stignore", ".dropbox", ".dropbox.cache", ".sync",
        ".nomedia", ".picasa.ini", "picasa.ini", ".picasaoriginals",
        # version control, editors, Python, notebooks
        ".git", ".gitignore", ".gitattributes", ".gitkeep", ".keep", ".hg", ".svn", ".dvc", ".dvcignore",
        ".idea", ".vscode", ".cache", "__pycache__", ".ipynb_checkpoints",
    }
)  # fmt: skip
"""Lower case."""

PREFIXES = ("._", "~$", ".~lock.", ".nfs", ".fuse_hidden")
"""What names of macOS's resource forks, of locks, and of files that are deleted but open begin with."""


def is_litter(path: PurePath) -> bool:
    """Whether the file is litter, or lies in a folder that is."""
    return any(part.lower() in NAMES or part.startswith(PREFIXES) for part in path.parts)
