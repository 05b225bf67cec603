"""Another target, or another device, for a search: the best there of the networks that it has trained.

Nothing is trained or measured. What is believed of accuracies (nas.winner) depends on neither target nor device, so it
is found once; rewards and limits are those of the search's objective with the other target, of latencies on the device.
"""
