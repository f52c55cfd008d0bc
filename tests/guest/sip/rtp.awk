# SPDX-License-Identifier: GPL-2.0-or-later
# From lines "sequence-number timestamp seconds ssrc" in the order of arrival to one line
# "direction packets lost max_jitter_ms": losses are gaps in the sequence numbers, duplicates count once,
# jitter as in RFC 3550 6.4.1 for an 8 kHz clock, rounded up.
function abs(x) { return x < 0 ? -x : x }
{
	if (!($4 in first)) {
		first[$4] = high[$4] = $1
		seen[$4, $1] = 1
		got[$4] = 1
	} else {
		step = ($1 - high[$4]) % 65536
		if (step < 0)
			step += 65536
		number = step < 32768 ? high[$4] + step : high[$4] + step - 65536
		if ((($4, number) in seen))
			next
		seen[$4, number] = 1
		got[$4]++
		if (number > high[$4])
			high[$4] = number
		if (number < first[$4])
			first[$4] = number
		difference = ($3 - arrival[$4]) * 8000 - ($2 - stamp[$4])
		jitter[$4] += (abs(difference) - jitter[$4]) / 16
		if (jitter[$4] > worst)
			worst = jitter[$4]
	}
	arrival[$4] = $3
	stamp[$4] = $2
}
END {
	for (ssrc in got) {
		packets += got[ssrc]
		lost += high[ssrc] - first[ssrc] + 1 - got[ssrc]
	}
	worst /= 8
	print direction, packets + 0, lost + 0, int(worst) + (worst > int(worst))
}
