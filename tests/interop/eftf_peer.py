# SPDX-License-Identifier: GPL-2.0-or-later
"""What the peers of this folder have in common: envelopes over Python's ssl, packets, orders."""
import _ssl
import ctypes
import os
import queue
import select
import socket
import ssl
import struct
import sys
import threading

COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, ACK, NAK, RELEASE = 1, 2, 3, 5, 6, 7

ORDERS = """Commands on standard input, one a line, for all connections:
  close   close_notify, then FIN        cut   FIN without close_notify
  reset   RST                           quiet swallow what comes, send nothing
  update  TLS KeyUpdate                 update-request  the same, and ask for one
"""


def log(*words):
    print(*words, flush=True)


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ip_packet(proto, src, dst, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0, src, dst)
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    return head + payload


def udp_packet(src, sport, dst, dport, data):
    length = 8 + len(data)
    head = struct.pack("!HHHH", sport, dport, length, 0)
    pseudo = src + dst + struct.pack("!BBH", 0, 17, length)
    check = checksum(pseudo + head + data) or 0xffff
    return ip_packet(17, src, dst, head[:6] + struct.pack("!H", check) + data)


def parse_options(data):
    options, at = {}, 0
    while at < len(data) and data[at] != 255:
        if data[at] == 0:
            at += 1
            continue
        length = data[at + 1]
        options[data[at]] = options.get(data[at], b"") + data[at + 2:at + 2 + length]
        at += 2 + length
    return options


def vendor_in(value, enterprise):
    """Sub-options of our enterprise in option 125."""
    while len(value) >= 5:
        number, length = struct.unpack("!IB", value[:5])
        if number == enterprise:
            return parse_options(value[5:5 + length] + b"\xff")
        value = value[5 + length:]
    return {}


def echo_reply(packet):
    """The answer to an ICMP echo request; None if it is not one."""
    head = (packet[0] & 15) * 4
    body = packet[head:]
    if packet[9] != 1 or body[:1] != b"\x08":
        return None
    reply = b"\0" + body[1:2] + b"\0\0" + body[4:]
    reply = reply[:2] + struct.pack("!H", checksum(reply)) + reply[4:]
    return ip_packet(1, packet[16:20], packet[12:16], reply)


def echo6_reply(packet):
    """The same of IPv6, without extension headers."""
    if packet[6] != 58 or packet[40:41] != b"\x80":
        return None
    ends = packet[24:40] + packet[8:24]
    reply = b"\x81\0\0\0" + packet[44:]
    total = checksum(ends + struct.pack("!II", len(reply), 58) + reply)
    reply = reply[:2] + struct.pack("!H", total) + reply[4:]
    return struct.pack("!IHBB", 6 << 28, len(reply), 58, 64) + ends + reply


def key_update(sock, request):
    """Python's ssl cannot do this: OpenSSL itself is called, with the SSL * inside Python's object."""
    inside = id(sock._sslobj) + object.__basicsize__  # weak reference to the socket, SSL *, context
    word = ctypes.sizeof(ctypes.c_void_p)
    if ctypes.c_void_p.from_address(inside + 2 * word).value != id(sock._sslobj.context):
        raise RuntimeError("this Python keeps its SSL objects in another form")
    tls = ctypes.c_void_p.from_address(inside + word)
    lib = ctypes.CDLL(getattr(_ssl, "__file__", None))  # and what it is linked to
    if lib.SSL_key_update(tls, 1 if request else 0) != 1 or lib.SSL_do_handshake(tls) != 1:
        raise RuntimeError("OpenSSL does not update its key")


def log_key_updates(context):
    """A line for each KeyUpdate that is sent or received."""

    def on_message(_conn, direction, _version, content_type, msg_type, data):
        if int(content_type) == 22 and int(msg_type) == 24:
            log("KeyUpdate", {"read": "received", "write": "sent"}[direction],
                "requested" if data[-1:] == b"\1" else "not requested")

    context._msg_callback = on_message


class Channel:
    """Envelopes on one connection; a thread of its own runs it. packet() takes what comes."""

    def __init__(self, sock, who, state):
        self.sock, self.who, self.state = sock, who, state
        self.orders = queue.Queue()
        self.bell, self.rope = os.pipe()

    def send(self, packet):
        if not self.state["quiet"]:
            self.sock.sendall(struct.pack("!BH", 1, 3 + len(packet)) + packet)

    def order(self, word):
        """From another thread: only the tunnel's own may touch its TLS."""
        self.orders.put(word)
        os.write(self.rope, b"!")

    def obey(self, word):
        log("ordered to", word)
        if word == "reset":
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            os.close(self.sock.detach())
            raise ConnectionResetError("by order")
        if word == "cut":
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            fd = self.sock.detach()
            os.read(fd, 65536)
            os.close(fd)
            raise ConnectionAbortedError("by order")
        if word.startswith("update"):
            key_update(self.sock, word == "update-request")
            return
        raise EOFError

    def read(self, count):
        data = b""
        while len(data) < count:
            if not self.sock.pending():
                ready, _, _ = select.select([self.sock, self.bell], [], [])
                if self.bell in ready:
                    os.read(self.bell, 1)
                    self.obey(self.orders.get())
            piece = self.receive(count - len(data))
            if piece == b"":
                raise EOFError
            data += piece or b""
        return data

    def receive(self, count):
        """None: what came was nothing but a TLS message; orders must not wait behind it."""
        self.sock.setblocking(False)
        try:
            return self.sock.recv(count)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return None
        finally:
            self.sock.setblocking(True)

    def run(self):
        try:
            while True:
                kind, length = struct.unpack("!BH", self.read(3))
                packet = self.read(length - 3)
                if kind != 1:
                    log("envelope of type", kind)
                    continue
                self.packet(packet)
        except EOFError:
            log("released by", self.who)
        except (OSError, ssl.SSLError, ValueError, RuntimeError) as error:
            log("ended by", self.who, "-", error)
        finally:
            self.state["tunnels"].discard(self)
            if self.sock.fileno() >= 0:
                self.say_goodbye()

    def say_goodbye(self):
        try:
            self.sock.settimeout(1)
            self.sock.unwrap()
        except (OSError, ssl.SSLError, ValueError):
            pass
        self.sock.close()


def command(line, state):
    word, _, rest = line.strip().partition(" ")
    if word == "nak":
        state["nak"] = rest or None
    elif word == "quiet":
        state["quiet"] = True
    elif word in ("close", "cut", "reset", "update", "update-request"):
        for tunnel in list(state["tunnels"]):
            tunnel.order(word)


def listen_to_orders(state):
    def commands():
        for line in sys.stdin:
            command(line, state)

    threading.Thread(target=commands, daemon=True).start()
