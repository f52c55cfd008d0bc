#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes captures of an outer connection, for the dissector's test.

    capture.py CERTIFICATE KEY FOLDER    makes FOLDER/tls.pcap, FOLDER/keys and FOLDER/plain.pcap

The TLS records are those of Python's ssl; TCP and IP around them are made here, so that neither network nor
privileges are needed. plain.pcap has the same envelopes without TLS, cut at odd places.
"""
import ipaddress
import os
import ssl
import struct
import sys

UE, EFTF = ipaddress.ip_address("192.0.2.7").packed, ipaddress.ip_address("198.51.100.1").packed
INNER_UE, INNER_GW = ipaddress.ip_address("10.64.0.7").packed, ipaddress.ip_address("10.64.0.1").packed
MTU = 1400


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ipv4(proto, src, dst, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), 0, 0, 64, proto, 0, src, dst)
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + payload


def echo(number):
    body = struct.pack("!BBHHH", 8, 0, 0, 1, number) + b"x" * 56
    return ipv4(1, INNER_UE, INNER_GW, body[:2] + struct.pack("!H", checksum(body)) + body[4:])


def udp6(payload):
    src, dst = (ipaddress.ip_address(a).packed for a in ("2001:db8:1::7", "2001:db8:1::1"))
    udp = struct.pack("!HHHH", 40000, 5060, 8 + len(payload), 0) + payload
    udp = udp[:6] + struct.pack("!H", checksum(src + dst + struct.pack("!II", len(udp), 17) + udp)) + udp[8:]
    return struct.pack("!IHBB16s16s", 6 << 28, len(udp), 17, 64, src, dst) + udp


def envelope(kind, payload, length=None):
    return struct.pack("!BH", kind, 3 + len(payload) if length is None else length) + payload


SIP = b"OPTIONS sip:ims.example SIP/2.0\r\nCall-ID: inside\r\n\r\n"
# What the UE sends: each kind of envelope; the last one is the end of what can be understood
ENVELOPES = [envelope(1, echo(1)), envelope(1, udp6(SIP)), envelope(9, b"what is this"), envelope(9, b""),
             envelope(1, b""), envelope(1, b"\x70" + b"y" * 30), envelope(1, echo(2) + b"more"),
             envelope(1, echo(3)), envelope(1, b"", 2)]


class Capture:
    """One TCP connection in a file of libpcap, raw IP packets."""

    def __init__(self, name, port):
        self.out = open(name, "wb")
        self.out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        self.port, self.now = port, 1000000
        self.seq = {UE: 1000, EFTF: 5000}
        self.packet(UE, b"", 0x02)
        self.packet(EFTF, b"", 0x12)
        self.packet(UE, b"", 0x10)

    def packet(self, src, data, flags):
        dst = EFTF if src == UE else UE
        ports = (40000, self.port) if src == UE else (self.port, 40000)
        ack = self.seq[dst] if flags & 0x10 else 0
        tcp = struct.pack("!HHIIBBHHH", *ports, self.seq[src], ack, 5 << 4, flags, 65535, 0, 0) + data
        pseudo = src + dst + struct.pack("!BBH", 0, 6, len(tcp))
        tcp = tcp[:16] + struct.pack("!H", checksum(pseudo + tcp)) + tcp[18:]
        packet = ipv4(6, src, dst, tcp)
        self.now += 1000
        self.out.write(struct.pack("<IIII", self.now // 1000000, self.now % 1000000, len(packet), len(packet)) + packet)
        self.seq[src] += len(data) + bool(flags & 0x03)

    def send(self, src, data, cut=MTU):
        for at in range(0, len(data), cut):
            self.packet(src, data[at:at + cut], 0x18)


def tls(certificate, key, folder):
    capture = Capture(os.path.join(folder, "tls.pcap"), 443)
    contexts = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    contexts[0].check_hostname, contexts[0].verify_mode = False, ssl.CERT_NONE
    contexts[0].keylog_filename = os.path.join(folder, "keys")
    contexts[1].load_cert_chain(certificate, key)
    bios = [ssl.MemoryBIO() for _ in range(4)]
    ue = contexts[0].wrap_bio(bios[0], bios[1])
    eftf = contexts[1].wrap_bio(bios[2], bios[3], server_side=True)

    def carry():
        for src, outgoing, incoming in ((UE, bios[1], bios[2]), (EFTF, bios[3], bios[0])):
            data = outgoing.read()
            capture.send(src, data)
            incoming.write(data)

    for _ in range(4):
        for end in (ue, eftf):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                pass
            carry()
    # two envelopes in one record, a header cut by the end of one, the others in pieces of 50 octets
    for end, data in [(ue, ENVELOPES[0] + ENVELOPES[1]), (eftf, envelope(1, echo(4))),
                           (ue, ENVELOPES[2][:2]), (ue, ENVELOPES[2][2:])]:
        end.write(data)
        carry()
    for one in ENVELOPES[3:]:
        for at in range(0, len(one), 50):
            ue.write(one[at:at + 50])
            carry()


def plain(folder):
    capture = Capture(os.path.join(folder, "plain.pcap"), 9999)
    capture.send(UE, b"".join(ENVELOPES), cut=37)


if len(sys.argv) != 4:
    sys.exit(__doc__)
tls(*sys.argv[1:])
plain(sys.argv[3])
