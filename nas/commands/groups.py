"""The group `nas space`; apart from its commands, so that listing them imports no library."""

from nas.command_line.groups import EntryPointGroup

space = EntryPointGroup(
    "space",
    entry_point_group="nas.commands.space",
    help="Look into search spaces: those of nas, or a .yaml or .json file of your own.",
)
