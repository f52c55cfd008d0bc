# SPDX-License-Identifier: GPL-2.0-or-later
# Judges a capture of the outer link. Input, tab-separated, one line a frame: frame.protocols, tcp.stream,
# tcp.srcport, tcp.dstport, tcp.seq, tcp.len, icmpv6.type, tcp.payload.
# Output, one "name value" a line:
#   frames         all of them
#   link           ARP and neighbour discovery: the link's own
#   tcp443         TCP from or to port 443
#   other          anything else
#   foreign        TCP 443 in which another protocol than TLS was recognised
#   payload_up, payload_down  octets of TCP payload, each counted once
#   record_octets  of them in whole TLS records, headers included
#   bad            places where there is no TLS record although one must begin
#   gap            segments behind one that the capture misses
#   t20 t21 t22 t23  TLS records by type
#   last_up        content length of the last record to port 443. 19 with type 23 in TLS 1.3 is an alert (2 octets,
#                  its type, 16 of AEAD tag): an envelope of 2 octets cannot be
# A TLS record: type 20-23, version 3.x, length 1 to 2^14 + 2048 (RFC 5246 6.2.3, RFC 8446 5.1), content.
BEGIN {
	FS = "\t"
	for (i = 0; i < 16; i++)
		digit[substr("0123456789abcdef", i + 1, 1)] = i
	n = split("frames link tcp443 other foreign payload_up payload_down record_octets bad gap t20 t21 t22 t23 last_up", names, " ")
}
function hex(s,   i, v) {
	v = 0
	for (i = 1; i <= length(s); i++)
		v = v * 16 + digit[substr(s, i, 1)]
	return v
}
# the octets h of direction d, in order
function feed(d, h,   take, type, len) {
	while (h != "" && !lost[d]) {
		if (left[d] > 0) {
			take = length(h) / 2 < left[d] ? length(h) / 2 : left[d]
			h = substr(h, 2 * take + 1)
			left[d] -= take
			if (left[d] == 0)
				count["record_octets"] += size[d]
			continue
		}
		take = 10 - length(head[d])
		head[d] = head[d] substr(h, 1, take)
		h = substr(h, take + 1)
		if (length(head[d]) < 10)
			return
		type = hex(substr(head[d], 1, 2))
		len = hex(substr(head[d], 7, 4))
		if (type < 20 || type > 23 || substr(head[d], 3, 2) != "03" || len < 1 || len > 18432) {
			count["bad"]++
			lost[d] = 1
			return
		}
		count["t" type]++
		left[d] = len
		if (d ~ /up$/)
			count["last_up"] = len
		size[d] = len + 5
		head[d] = ""
	}
}
{ count["frames"]++ }
$1 ~ /:arp$/ || ($1 ~ /:icmpv6$/ && $7 >= 133 && $7 <= 136) || ($1 ~ /:icmpv6$/ && $7 == 143) {
	count["link"]++
	next
}
$1 !~ /:tcp(:|$)/ || ($3 != 443 && $4 != 443) {
	count["other"]++
	next
}
{ count["tcp443"]++ }
$1 !~ /:tcp(:tls(:x509[a-z]*)*)*$/ { count["foreign"]++ }
# the segment at seq of direction d: in order to feed(), each octet once
function segment(d, seq, h,   old) {
	old = following[d] - seq
	if (2 * old >= length(h))
		return
	h = substr(h, 2 * old + 1)
	count[d ~ /up$/ ? "payload_up" : "payload_down"] += length(h) / 2
	following[d] += length(h) / 2
	feed(d, h)
}
# those that came before one that was lost on its way, and sent again
function early(d,   key, found, part) {
	do {
		found = 0
		for (key in ahead) {
			split(key, part, SUBSEP)
			if (part[1] != d || part[2] + 0 > following[d])
				continue
			segment(d, part[2] + 0, ahead[key])
			delete ahead[key]
			found = 1
		}
	} while (found)
}
$6 > 0 {
	d = $2 ($4 == 443 ? "up" : "down")
	gsub(/:/, "", $8)
	if (!(d in following))
		following[d] = $5
	if ($5 + 0 > following[d]) {
		if (length($8) > length(ahead[d, $5]))
			ahead[d, $5] = $8
		next
	}
	segment(d, $5 + 0, $8)
	early(d)
}
END {
	for (key in ahead)
		count["gap"]++
	for (i = 1; i <= n; i++)
		print names[i], count[names[i]] + 0
}
