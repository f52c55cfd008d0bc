-- SPDX-License-Identifier: GPL-2.0-or-later
-- Wireshark: the envelopes of FTT-IMS (3GPP TS 24.322 clause 7.1.2) in TLS, and the IP packets in them.
--   tshark -X lua_script:ftt-ims.lua -o tls.keylog_file:KEYS -r FILE -Y ftt_ims
-- (an eftf-ue built with "make KEYLOG=yes" writes KEYS: --keylog KEYS)
-- or put it into Wireshark's folder of personal Lua plugins. Without the TLS session's keys there is nothing to see.
-- On port 443 other protocols are left alone: a connection is of FTT-IMS if it begins with an envelope of type 1
-- with an IP packet in it. "Decode As" ftt_ims takes any connection for one, of TCP without TLS, too.

local HEADER = 3
local TYPE_IP = 1

local ftt = Proto("ftt_ims", "Firewall Traversal Tunnel for IMS")
local types = { [TYPE_IP] = "IP packet" }
local f_type = ProtoField.uint8("ftt_ims.type", "Type", base.DEC, types)
local f_length = ProtoField.uint16("ftt_ims.length", "Length", base.DEC, nil, nil, "Of the whole envelope")
local f_payload = ProtoField.bytes("ftt_ims.payload", "Payload")
ftt.fields = { f_type, f_length, f_payload }

local e_short = ProtoExpert.new("ftt_ims.length.short", "Length is below 3: the stream cannot be understood any more",
	expert.group.MALFORMED, expert.severity.ERROR)
local e_unknown = ProtoExpert.new("ftt_ims.type.unknown", "Unknown type: the receiver skips it",
	expert.group.UNDECODED, expert.severity.NOTE)
local e_empty = ProtoExpert.new("ftt_ims.payload.none", "IP packet envelope without a packet",
	expert.group.PROTOCOL, expert.severity.WARN)
local e_version = ProtoExpert.new("ftt_ims.payload.version", "Neither IPv4 nor IPv6", expert.group.PROTOCOL,
	expert.severity.WARN)
local e_ip_length = ProtoExpert.new("ftt_ims.payload.length", "The packet's own length is another than the envelope's",
	expert.group.PROTOCOL, expert.severity.WARN)
ftt.experts = { e_short, e_unknown, e_empty, e_version, e_ip_length }

local ip = { [4] = Dissector.get("ip"), [6] = Dissector.get("ipv6") }

-- What the IP header says of the packet's length
local function ip_length(packet)
	if packet(0, 1):bitfield(0, 4) == 4 then
		return packet:len() >= 4 and packet(2, 2):uint() or 0
	end
	return packet:len() >= 6 and packet(4, 2):uint() + 40 or 0
end

local function dissect_packet(envelope, pinfo, tree, root)
	if envelope:len() == HEADER then
		tree:add_proto_expert_info(e_empty)
		return
	end
	local packet = envelope(HEADER)
	local dissector = ip[packet(0, 1):bitfield(0, 4)]
	if not dissector then
		tree:add(f_payload, packet)
		tree:add_proto_expert_info(e_version)
		return
	end
	if ip_length(packet) ~= packet:len() then
		tree:add_proto_expert_info(e_ip_length)
	end
	dissector:call(packet:tvb(), pinfo, root)
end

local function dissect_envelope(tvb, pinfo, root)
	local tree = root:add(ftt, tvb())
	local kind, length = tvb(0, 1):uint(), tvb(1, 2):uint()

	tree:add(f_type, tvb(0, 1))
	tree:add(f_length, tvb(1, 2))
	tree:append_text(string.format(", %s, %d octets", types[kind] or "type " .. kind, length))
	if length < HEADER then
		tree:add_proto_expert_info(e_short)
	elseif kind == TYPE_IP then
		dissect_packet(tvb, pinfo, tree, root)
	else
		if length > HEADER then
			tree:add(f_payload, tvb(HEADER))
		end
		tree:add_proto_expert_info(e_unknown)
	end
	-- what dissects the packet inside has replaced it
	pinfo.cols.protocol = "FTT-IMS"
end

-- Octets that an envelope which begins at offset lacks; or 0, and its length
local function lacks(tvb, offset)
	local there = tvb:len() - offset

	if there < HEADER then
		return DESEGMENT_ONE_MORE_SEGMENT
	end
	-- a length that cannot be is taken as a header alone, so that the rest is not waited for
	local length = math.max(tvb(offset + 1, 2):uint(), HEADER)
	return math.max(length - there, 0), length
end

function ftt.dissector(tvb, pinfo, root)
	local offset = 0

	pinfo.cols.protocol = "FTT-IMS"
	while offset < tvb:len() do
		local missing, length = lacks(tvb, offset)

		if missing > 0 then
			pinfo.desegment_offset = offset
			pinfo.desegment_len = missing
			break
		end
		dissect_envelope(tvb(offset, length):tvb(), pinfo, root)
		offset = offset + length
	end
	return tvb:len()
end

-- Connections that began with an envelope. The dissector of TLS asks for each record anew.
local known = {}
local tcp_stream = Field.new("tcp.stream")

function ftt.init()
	known = {}
end

local function begins_with_packet(tvb)
	return tvb:len() > HEADER and tvb(0, 1):uint() == TYPE_IP and tvb(1, 2):uint() >= HEADER + 20 and
		ip[tvb(HEADER, 1):bitfield(0, 4)] ~= nil
end

local function guess(tvb, pinfo, root)
	local stream = tcp_stream()

	if not stream or not (known[stream.value] or begins_with_packet(tvb)) then
		return false
	end
	known[stream.value] = true
	ftt.dissector(tvb, pinfo, root)
	return true
end

ftt:register_heuristic("tls", guess)
DissectorTable.get("tls.port"):add_for_decode_as(ftt)
DissectorTable.get("tcp.port"):add_for_decode_as(ftt)
