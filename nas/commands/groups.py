"""The groups `nas space` and `nas proxy`; apart from their commands, so that listing them imports no library."""

from nas.command_line.groups import EntryPointGroup

space = EntryPointGroup(
    "space",
    entry_point_group="nas.commands.space",
    help="Look into search spaces: those of nas, or a .yaml or .json file of your own.",
)

proxy = EntryPointGroup(
    "proxy",
    entry_point_group="nas.commands.proxy",
    help="Check the short training of trials before a search relies on it: here, or on a service (docs/proxy.md).",
)
