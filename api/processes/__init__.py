"""The service's processes: the supervisor, the API server that it starts, and the checks of `nas doctor`.

`api.commands` imports them.
"""
