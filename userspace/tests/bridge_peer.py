# SPDX-License-Identifier: GPL-2.0-or-later
"""What pilotd would be to the bridge, and strangers, for test_bridge.sh.

echo PORT                   answers each frame whose second byte is "k"; says
                            "frame LENGTH" for each other one
flow PORT ADDRESS:PORT N    sends N frames of many sizes there, one after the
                            other, and says how many came back as they were
pour PORT ADDRESS:PORT N [stun]
                            sends N of 1,400 bytes without waiting
stranger ADDRESS:PORT HEX [TIMES]
                            sends these bytes by TLS, so many times; "closed SECONDS BYTES"
                            when the other end closes, with how many came back
slow ADDRESS:PORT           a client that asks for much and reads nothing
stun PORT ADDRESS:PORT N    as flow, with STUN messages and ChannelData
stun-server ADDRESS:PORT [mute|once|garbage]
                            sends back what comes by TCP, in pieces; reads
                            nothing; ends its sending after the first message; or
                            says something else
take ADDRESS:PORT           listens there, for nobody
hello ADDRESS:PORT NAME...  says which of the names a client said
idle ADDRESS:PORT N         N connections without TLS; says how many are open
                            still after a second, and holds them
"""

import select
import socket
import ssl
import sys
import time


def address(text):
    host, port = text.rsplit(":", 1)
    return host, int(port)


def say(*words):
    print(*words, flush=True)


def udp(port):
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    sock.bind(("0.0.0.0", port))
    return sock


def echo(port):
    sock = udp(int(port))
    say("ready")
    while True:
        frame, where = sock.recvfrom(65536)
        if frame[1:2] == b"k":
            sock.sendto(frame, where)
        elif frame[1:2] == b"p":
            for _ in range(int.from_bytes(frame[2:6], "big")):
                sock.sendto(frame[:1] + bytes(1399), where)
        else:
            say("frame", len(frame))


def take(at):
    sock = socket.socket()
    sock.bind(address(at))
    sock.listen()
    say("ready")
    while True:
        time.sleep(3600)


def flow(port, to, count):
    sock = udp(int(port))
    sock.settimeout(2)
    came = 0
    for i in range(int(count)):
        size = 2 + i * 37 % 1499
        frame = bytes([0x91 + i % 6]) + b"k" + (i.to_bytes(4, "big") * 375)
        frame = frame[:size]
        sock.sendto(frame, address(to))
        try:
            came += sock.recv(65536) == frame
        except (socket.timeout, ConnectionError):
            pass
    say("came", came)


def stun_message(i):
    size = i * 37 % 1400
    if i % 2:
        return bytes([0x40, i % 256]) + size.to_bytes(2, "big") + bytes(size)
    size &= ~3
    return b"\0\1" + size.to_bytes(2, "big") + bytes(16 + size)


def stun(port, to, count):
    sock = udp(int(port))
    sock.settimeout(2)
    came = 0
    for i in range(int(count)):
        sock.sendto(stun_message(i), address(to))
        try:
            came += sock.recv(65536) == stun_message(i)
        except (socket.timeout, ConnectionError):
            pass
    say("came", came)


def stun_server(at, how=""):
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    listening.bind(address(at))
    listening.listen()
    say("ready")
    while True:
        sock, _ = listening.accept()
        say("accepted")
        if how == "mute":
            time.sleep(30)
        if how == "garbage":
            sock.sendall(b"HTTP/1.1 400")
        while True:
            some = sock.recv(65536)
            if not some:
                break
            for i in range(0, len(some), 700):
                sock.sendall(some[i:i + 700])
            if how == "once":
                sock.shutdown(socket.SHUT_WR)
        sock.close()


def pour(port, to, count, first=""):
    sock = udp(int(port))
    # ChannelData as well, of 1,396 bytes.
    head = b"\x40\x01\x05\x74" if first == "stun" else b"\x94x"
    for i in range(int(count)):
        sock.sendto(head + bytes(1400 - len(head)), address(to))
        if not i % 16:
            time.sleep(0.001)
    say("poured")


def tls(to):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    raw = socket.create_connection(address(to), 5)
    return context.wrap_socket(raw, server_hostname="example.org")


def stranger(to, text, times=1):
    began = time.monotonic()
    sock = tls(to)
    sock.settimeout(20)
    sock.sendall(bytes.fromhex(text) * int(times))
    back = 0
    try:
        while True:
            some = sock.recv(4096)
            if not some:
                break
            back += len(some)
    except (ConnectionError, ssl.SSLError):
        pass
    except socket.timeout:
        say("open", back)
        return
    say("closed", int(time.monotonic() - began), back)


def frame_of(body):
    return len(body).to_bytes(2, "big") + body


def slow(to):
    sock = tls(to)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.sendall(frame_of(b"\x91p" + (20000).to_bytes(4, "big")))
    say("asked")
    time.sleep(30)


def hello(at, *names):
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind(address(at))
    listening.listen()
    while True:
        sock, _ = listening.accept()
        said = sock.recv(4096)
        say("name", *[name for name in names if name.encode() in said])
        sock.close()


def idle(to, count):
    socks = []
    for _ in range(int(count)):
        try:
            socks.append(socket.create_connection(address(to), 5))
        except OSError:
            pass
    time.sleep(1)
    ended, _, _ = select.select(socks, [], [], 0)
    say("open", len(socks) - len(ended))
    time.sleep(30)


COMMANDS = {
    "echo": echo, "flow": flow, "pour": pour, "stranger": stranger,
    "slow": slow, "idle": idle, "take": take,
    "hello": hello, "stun": stun, "stun-server": stun_server,
}
COMMANDS[sys.argv[1]](*sys.argv[2:])
