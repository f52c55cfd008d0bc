# SPDX-License-Identifier: GPL-2.0-or-later
# From tcpdump's lines for one RTP stream ("SECONDS ... udp/rtp LENGTH cTYPE [*] SEQUENCE TIMESTAMP") to
# one line "direction packets lost max_jitter_ms". Losses are gaps in the sequence numbers, a duplicate
# does not count; jitter as in RFC 3550 6.4.1 for an 8 kHz clock, rounded up.
function abs(x) { return x < 0 ? -x : x }
!/ udp\/rtp / { next }
{
	sequence = $(NF - 1)
	stamp = $NF
	if (packets == 0) {
		number = first = high = sequence
	} else {
		step = (sequence - high) % 65536
		if (step < 0)
			step += 65536
		number = high + (step < 32768 ? step : step - 65536)
		if (number in seen)
			next
		if (number > high)
			high = number
		if (number < first)
			first = number
		jitter += (abs(($1 - arrival) * 8000 - (stamp - last)) - jitter) / 16
		if (jitter > worst)
			worst = jitter
	}
	seen[number] = 1
	packets++
	arrival = $1
	last = stamp
}
END {
	worst /= 8
	print direction, packets + 0, packets ? high - first + 1 - packets : 0, int(worst) + (worst > int(worst))
}
