"""HTTP around the routes: error bodies, body limits, keys and cookies, pages of lists, streams of events, app state.

Routes and `api.app` import its modules; nothing outside `api` does.
"""
