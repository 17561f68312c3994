"""Flask's view of a call: the request that functions get, and the contexts behind `flask.request`, `g` and the like.

`request` has the lazy request, `context` the lazy contexts, `application` the empty application behind them, and
`environ` the WSGI environ that all are made from. Two names of Flask here are private, `_cv_app` and `_cv_request` of
`flask.globals`: there is no public way to put an object into Flask's context variables.
"""
