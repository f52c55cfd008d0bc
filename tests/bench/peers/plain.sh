# shellcheck shell=bash disable=SC2034 # what is set here is read by the scripts that source it
# SPDX-License-Identifier: GPL-2.0-or-later
# No tunnel: traffic goes over the path itself. Each script in this folder defines, for two ends that reach each other
# (tests/bench/path.sh):
#   inner_ue, inner_gw     the addresses between which traffic is measured
#   peer_up [VARIANT]      makes the tunnel anew; returns when a packet can pass
#   peer_down              takes it away
# A peer that this machine or kernel does not have: peer_up says why, in one line, and returns 3.
inner_ue=$outer_ue inner_gw=$outer_gw

peer_up() { :; }
peer_down() { :; }
