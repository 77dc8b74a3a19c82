"""The other end of NOTIFY_SOCKET: what a daemon tells the service manager that started it."""
import os
import socket


class ServiceManager:
    def __init__(self, directory):
        self.path = str(directory / "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(self.path)
        os.chmod(self.path, 0o777)
        self._socket.settimeout(20)

    @property
    def environment(self):
        return {"NOTIFY_SOCKET": self.path}

    def hear(self):
        return self._socket.recv(65536).decode()

    def hear_until(self, wanted):
        """What was told up to and with the message that has `wanted` in it."""
        said = []
        while not said or wanted not in said[-1]:
            said.append(self.hear())
        return said

    def close(self):
        self._socket.close()
