#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A tunnel by hand: TLS by Python's ssl, its keys to the kernel, the socket to the module eftf.

    ktls-tunnel.py connect HOST CA DEVICE INNER4 GATEWAY4        the UE's end
    ktls-tunnel.py listen ADDRESS CERT KEY DEVICE INNER4 GATEWAY4    the EFTF's end, for one UE

DEVICE is there already (eftfctl link add DEVICE role ue|gw); INNER4 is the UE's inner address and GATEWAY4 the
EFTF's, at both ends. There is no negotiation: both are as they are given. The tunnel ends with the program.

It shows the three steps that a program with another TLS library, in another language, has to make:
a handshake of which nothing too much is read, the keys by setsockopt(SOL_TLS), and one netlink message.
Needs the module python3-yaml for the specification of that message, $EFTF_YAML or /usr/share/eftf/eftf.yaml.
"""
import hashlib
import hmac
import ipaddress
import os
import signal
import socket
import ssl
import struct
import sys

import yaml

PORT = 443

# ---- the keys: linux/tls.h, RFC 8446 7.3 ----

TCP_ULP, SOL_TLS, TLS_TX, TLS_RX, TLS_1_3_VERSION = 31, 282, 1, 2, 0x0304
# of each cipher: its number in linux/tls.h, hash, length of the key, octets of the IV that are called salt
CIPHERS = {
    "TLS_AES_128_GCM_SHA256": (51, "sha256", 16, 4),
    "TLS_AES_256_GCM_SHA384": (52, "sha384", 32, 4),
    "TLS_CHACHA20_POLY1305_SHA256": (54, "sha256", 32, 0),
}


def expand(secret, label, length, hash_name):
    """HKDF-Expand-Label without a context; one block of the hash is enough here."""
    label = b"tls13 " + label
    info = struct.pack("!HB", length, len(label)) + label + b"\0"
    return hmac.new(secret, info + b"\1", hash_name).digest()[:length]


def crypto_info(secret, cipher):
    """struct tls12_crypto_info_* for a direction of which no record has been sent yet."""
    number, hash_name, key_length, salt_length = CIPHERS[cipher]
    key, iv = expand(secret, b"key", key_length, hash_name), expand(secret, b"iv", 12, hash_name)
    return struct.pack("=HH", TLS_1_3_VERSION, number) + iv[salt_length:] + key + iv[:salt_length] + bytes(8)


def handshake(context, sock, **how):
    """TLS on a TCP socket. Returns the two directions' traffic secrets and the cipher; the socket is TCP's again."""
    # ssl tells secrets to a file: one that is memory only
    keylog = os.memfd_create("keylog")
    context.keylog_filename = "/proc/self/fd/%d" % keylog
    # without read-ahead, which is ssl's default, OpenSSL reads record by record: what follows stays in the socket
    tls = context.wrap_socket(sock, suppress_ragged_eofs=False, **how)
    cipher = tls.cipher()[0]
    plain = socket.socket(fileno=tls.detach())
    with open(keylog, encoding="ascii") as lines:
        secrets = {line.split()[0]: bytes.fromhex(line.split()[2]) for line in lines if not line.startswith("#")}
    return plain, secrets["CLIENT_TRAFFIC_SECRET_0"], secrets["SERVER_TRAFFIC_SECRET_0"], cipher


def to_kernel(sock, sending, receiving, cipher):
    sock.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b"tls")
    sock.setsockopt(SOL_TLS, TLS_TX, crypto_info(sending, cipher))
    sock.setsockopt(SOL_TLS, TLS_RX, crypto_info(receiving, cipher))


# ---- the message: linux/netlink.h, linux/genetlink.h, eftf.yaml ----

NETLINK_GENERIC, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_ID, CTRL_ATTR_FAMILY_NAME = 16, 16, 3, 1, 2
NLM_F_REQUEST, NLM_F_ACK, NLMSG_ERROR, NLMSGERR_ATTR_MSG = 1, 4, 2, 1
SOL_NETLINK, NETLINK_CAP_ACK, NETLINK_EXT_ACK = 270, 10, 11


def attribute(number, value):
    return struct.pack("=HH", 4 + len(value), number) + value + bytes(-len(value) % 4)


def attributes(data):
    found = {}
    while len(data) >= 4:
        length, number = struct.unpack("=HH", data[:4])
        found[number & 0x3fff] = data[4:length]
        data = data[length + 3 & ~3:]
    return found


class Family:
    """A generic netlink family by its specification."""

    def __init__(self, spec):
        self.spec = spec
        self.commands = [command["name"] for command in spec["operations"]["list"]]
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_GENERIC)
        for option in (NETLINK_CAP_ACK, NETLINK_EXT_ACK):
            self.sock.setsockopt(SOL_NETLINK, option, 1)
        name = attribute(CTRL_ATTR_FAMILY_NAME, spec["name"].encode() + b"\0")
        answer = self.ask(GENL_ID_CTRL, CTRL_CMD_GETFAMILY, 1, name)
        self.number = struct.unpack("=H", answer[CTRL_ATTR_FAMILY_ID])[0]

    def ask(self, family, command, version, payload):
        body = struct.pack("=BBH", command, version, 0) + payload
        self.sock.send(struct.pack("=IHHII", 16 + len(body), family, NLM_F_REQUEST | NLM_F_ACK, 1, 0) + body)
        answer = {}
        while True:
            data = self.sock.recv(65536)
            while data:
                length, kind = struct.unpack("=IH", data[:6])
                message, data = data[16:length], data[length + 3 & ~3:]
                if kind != NLMSG_ERROR:
                    answer = attributes(message[4:])
                    continue
                # an acknowledgement, or the kernel's reason behind the message's header
                code = -struct.unpack("=i", message[:4])[0]
                if not code:
                    return answer
                reason = attributes(message[20:]).get(NLMSGERR_ATTR_MSG, b"").rstrip(b"\0").decode()
                raise OSError(code, reason or os.strerror(code))

    def call(self, command, **values):
        """tunnel_id=5 is the attribute tunnel-id."""
        operation = next(o for o in self.spec["operations"]["list"] if o["name"] == command)
        numbers = {}
        for given in self.spec["attribute-sets"]:
            if given["name"] == operation["attribute-set"]:
                numbers = {a["name"]: (i, a) for i, a in enumerate(given["attributes"], 1)}
        payload = b""
        for name, value in values.items():
            number, attr = numbers[name.replace("_", "-")]
            if not isinstance(value, bytes):
                order = ">" if attr.get("byte-order") == "big-endian" else "="
                value = struct.pack(order + {"u8": "B", "u32": "I", "s32": "i", "u64": "Q"}[attr["type"]], value)
            payload += attribute(number, value)
        return self.ask(self.number, self.commands.index(command) + 1, self.spec["version"], payload)


# ---- the two ends ----


def connect(host, ca, *tunnel):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(ca)
    sock, client, server, cipher = handshake(context, socket.create_connection((host, PORT), 20), server_hostname=host)
    sock.settimeout(None)
    to_kernel(sock, client, server, cipher)
    return sock, tunnel


def listen(address, cert, key, *tunnel):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_cert_chain(cert, key)
    # a ticket would be a record that counts
    context.num_tickets = 0
    with socket.create_server((address, PORT)) as server_socket:
        accepted, _ = server_socket.accept()
    sock, client, server, cipher = handshake(context, accepted, server_side=True)
    to_kernel(sock, server, client, cipher)
    return sock, tunnel


def main():
    ends = {"connect": (connect, 7), "listen": (listen, 8)}
    function, count = ends.get(sys.argv[1] if len(sys.argv) > 1 else "", (None, 0))
    if not function or len(sys.argv) != count:
        sys.exit(__doc__)
    with open(os.environ.get("EFTF_YAML", "/usr/share/eftf/eftf.yaml"), encoding="utf-8") as text:
        family = Family(yaml.safe_load(text))
    sock, (device, inner, gateway) = function(*sys.argv[2:])
    family.call("tunnel-new", ifindex=socket.if_nametoindex(device), fd=sock.fileno(),
                inner4=int(ipaddress.IPv4Address(inner)), gateway4=int(ipaddress.IPv4Address(gateway)))
    sock.close()  # the module holds the connection now
    print("tunnel up", flush=True)
    signal.pause()  # the tunnel is this netlink socket's: it ends with it


if __name__ == "__main__":
    main()
