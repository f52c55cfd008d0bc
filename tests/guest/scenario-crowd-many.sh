#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A thousand UEs make their next connection at the same moment.
EFTF_CROWD=1000 exec "$(dirname "$0")/scenario-crowd.sh"
