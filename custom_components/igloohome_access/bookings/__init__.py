"""Bookings: a code for every stay in a calendar (design.md §8).

The pure heart, which knows nothing of Home Assistant:

* ``model``: the shapes that go in: settings, events, stays, codes with their tags.
* ``actions``: the shapes that come out.
* ``ignoring``: patterns of events that are no bookings.
* ``stays``: the events of a calendar, as stays with an identity.
* ``presence``: which bookings are there, and which are really gone.
* ``windows``: the window of a stay, and whether a code still is for it.
* ``memory``: what is remembered of a property between two calls.
* ``needs``: what one stay needs on one lock.
* ``draft``: the plan of one booking while it is being put together.
* ``planner``: all of it together; what to do now and when to look again.
"""
