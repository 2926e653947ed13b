"""The DIMSE listener: receives radiographs by C-STORE and sends the results by C-STORE.

Three steps, with a queue on disk between them, so that a killed process continues where it was:

    Listener (threads of pynetdicom) -> Queue -> Worker (main thread) -> Queue -> Sender (thread)
"""
