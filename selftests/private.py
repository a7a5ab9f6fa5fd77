#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
What tells who an agent is and where, and whether it is in a capture.

    private.py forms WHO DID IPV6 TEXT [HOST]
                    its keys and addresses and its host's IPv4 address as they
                    may be on a wire: "NAME HEX", one a line
    private.py find CAPTURE
                    "FRAME NAME..." for each frame of the pcap file that has some
                    of those in standard input, wherever in it
    private.py send ADDRESS PORT
                    one datagram that has all of those in standard input
"""

import ipaddress
import socket
import struct
import sys

BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P = 2 ** 255 - 19
STUN_COOKIE = 0x2112a442


def identity_key(did):
    n = 0
    for c in did.split(":z", 1)[1]:
        n = n * 58 + BASE58.index(c)
    key = n.to_bytes(34, "big")
    assert key[:2] == b"\xed\x01"
    return key[2:]


def x25519_key(key):
    y = int.from_bytes(key, "little") % 2 ** 255 % P
    return ((1 + y) * pow(1 - y, P - 2, P) % P).to_bytes(32, "little")


def forms(did, ipv6, text, host=None):
    key = identity_key(did)
    yield "identity", key
    yield "x25519-key", x25519_key(key)
    # What is behind "did:key:".
    yield "did", did.split(":")[-1].encode()
    yield "address-text", text.encode()
    ip = ipaddress.IPv6Address(ipv6).packed
    yield "ipv6", ip
    address = ip[6:8] + ip[12:16]
    yield "address", address
    yield "address-reversed", address[::-1]
    if host:
        n = int(ipaddress.IPv4Address(host))
        yield "host", struct.pack("!I", n)
        yield "host-in-stun", struct.pack("!I", n ^ STUN_COOKIE)


def read_forms():
    for line in sys.stdin:
        name, text = line.split()
        yield name, bytes.fromhex(text)


def frames(path):
    """What is there of a file that may be written still."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:4] == b"\xd4\xc3\xb2\xa1", "not a capture"
    at = 24
    while at + 16 <= len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        yield data[at + 16:at + 16 + size]
        at += 16 + size


def find(path):
    wanted = list(read_forms())
    for number, frame in enumerate(frames(path), 1):
        names = [name for name, what in wanted if what in frame]
        if names:
            print(number, *names)


def main(command, *args):
    if command == "forms":
        for name, what in forms(*args[1:]):
            print(f"{args[0]}.{name}", what.hex())
    elif command == "find":
        find(*args)
    elif command == "send":
        everything = b"".join(what for _, what in read_forms())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.sendto(everything, (args[0], int(args[1])))


if __name__ == "__main__":
    main(*sys.argv[1:])
