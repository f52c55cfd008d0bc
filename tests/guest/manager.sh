# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by what looks at what a program tells its service manager, of which this is a stand-in.

# manager_start SOCKET: what is told there is in manager.log. A program is told of it by
# NOTIFY_SOCKET=SOCKET and, if it shall say that it lives, by WATCHDOG_USEC=3000000.
manager_start() {
	spawn manager python3 -u -c "
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind('$1')
print('ready', flush=True)
while True:
    print(s.recv(4096).decode(), flush=True)"
	told ready
}
# told WORDS: a line that begins so, an extended regular expression, soon
told() { wait_for 20 "holds '^$1' $EFTF_RESULTS/manager.log" "$1"; }
