#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""
Datagrams of strangers to UDP port 7740, from sources all over 10.99.0.0/16.

Usage: flood.py ADDRESS KIND RATE [FILE]

KIND: relay, initiation, control or stun, with what nobody here could have made;
random, which is like the hex initiation in FILE but for all behind its type; or
recorded, that one itself.  RATE is how many a second, 0 as fast as it goes.
Prints "ready", and at SIGTERM "sent" and how many.
"""

import os
import random
import signal
import socket
import struct
import sys
import time

PACKETS = 4000
AT_ONCE = 20


def frame(kind, size):
    return struct.pack("<I", kind) + os.urandom(size - 4)


def body(kind, recorded):
    if kind == "recorded":
        return recorded
    if kind == "random":
        return recorded[:4] + os.urandom(len(recorded) - 4)
    if kind == "relay":
        return struct.pack("<I", 0x96) + os.urandom(4) + random.choice(
            (frame(0x94, 100), frame(0x91, 244), frame(0x95, 90)))
    if kind == "stun":
        return struct.pack("!HHI", 1, 0, 0x2112a442) + os.urandom(12)
    return {"initiation": frame(0x91, 244), "control": frame(0x95, 90)}[kind]


def packet(address, data):
    source = bytes([10, 99, random.randrange(256), random.randrange(1, 255)])
    udp = struct.pack("!HHHH", random.randrange(1024, 65535), 7740,
                      8 + len(data), 0)
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(data), 0, 0, 64, 17, 0)
    return ip + source + socket.inet_aton(address) + udp + data


def main():
    address, kind, rate = sys.argv[1], sys.argv[2], int(sys.argv[3])
    recorded = b""
    if len(sys.argv) > 4:
        with open(sys.argv[4], encoding="ascii") as file:
            recorded = bytes.fromhex(file.read())
    going = True

    def stop(*_):
        nonlocal going
        going = False

    out = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
    packets = [packet(address, body(kind, recorded)) for _ in range(PACKETS)]
    sent = 0
    signal.signal(signal.SIGTERM, stop)
    print("ready", flush=True)
    start = time.monotonic()
    while going:
        if rate and sent > (time.monotonic() - start) * rate:
            time.sleep(0.01)
            continue
        for one in packets[:AT_ONCE]:
            try:
                out.sendto(one, (address, 0))
                sent += 1
            except OSError:
                pass
        packets = packets[AT_ONCE:] + packets[:AT_ONCE]
    print("sent", sent)


if __name__ == "__main__":
    main()
