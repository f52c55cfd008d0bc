# SPDX-License-Identifier: GPL-2.0-or-later
# Everything starts here. As root on Debian 12 the targets demo and check install
# what they miss, and say what; see README.md.
KDIR ?= /lib/modules/$(shell uname -r)/build
# Not O: that means something to the kernel's own make.
OUT ?= $(CURDIR)/build
PREFIX ?= /usr/local
INSTALL_MOD_DIR ?= updates

# The kernels that the tests run, by their Debian packages.
GUEST_KERNELS := 6.1 6.12

help:
	@echo 'make demo             a real call through a restrictive firewall, in a guest'
	@echo 'make check            all tests: static checks, unit tests, guests with kernels 6.1 and 6.12'
	@echo 'make check-debug      the tests of the module in kernels with KASAN, lockdep, kmemleak, fault injection'
	@echo '                      ONLY="attach fault": only those programs of tests/kernel'
	@echo 'make check-races      the module in a kernel with KCSAN'
	@echo 'make fuzz SECONDS=60  every fuzzer for that long, those of the module in the debug kernel'
	@echo '                      ONLY="dhcp4 sip": only those of tests/fuzz'
	@echo 'make soak SECONDS=3600  a long run in that kernel: tunnels come and go, memory fails, peers are hostile'
	@echo 'make modules KDIR=... eftf.ko for the kernel headers in KDIR (default: the running kernel)'
	@echo 'make programs         eftf-ue, eftf-gw, eftfctl'
	@echo 'make install          module for KDIR and programs; DESTDIR, PREFIX, INSTALL_MOD_DIR'
	@echo 'make clean'

all: modules programs

modules:
	@test -d "$(KDIR)" || { echo 'eftf: no kernel headers in $(KDIR): install linux-headers-$(shell uname -r), or name others by KDIR=' >&2; exit 1; }
	+$(MAKE) -C "$(KDIR)" M="$(CURDIR)" $(KFLAGS) modules

programs:
	+@$(MAKE) --no-print-directory -C userspace O="$(OUT)/programs"

install: all
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" INSTALL_MOD_DIR="$(INSTALL_MOD_DIR)" \
		$(if $(DESTDIR),INSTALL_MOD_PATH="$(DESTDIR)") modules_install
	$(MAKE) -C userspace O="$(OUT)/programs" PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" install

# The module is built in a copy, one for each kernel, so that builds for several
# kernels stand side by side. guest-module-6.1 -> build/module-6.1/eftf.ko
guest-module-%:
	@tests/lib/build-module "$*" "$(OUT)/module-$*"

# What takes minutes and hardly depends on the kernel; make check-debug has it.
LONG := scenario-patience scenario-many
# What the guests run, one script of tests/guest after the other.
SCENARIOS := kernel-tests $(filter-out $(LONG),$(patsubst tests/guest/%.sh,%,$(sort $(wildcard tests/guest/scenario-*.sh))))
# Tests of the test bed itself, and of what hardly depends on the kernel: one kernel will do.
ONCE := scenario-topology scenario-direct-call scenario-fuzz scenario-swap
# Everything that does something to the module. The other scenarios are about the programs, and so heavy on a
# checked kernel under emulation that they would take hours there.
DEBUG_SCENARIOS := kernel-tests scenario-fuzz scenario-unload scenario-swap
# What the newest kernel has to show: new TLS keys, and that nothing else has changed.
NEWEST_SCENARIOS := kernel-tests scenario-rekey
SECONDS ?= 20

need-build:
	@tests/lib/need.sh @build
need-guest: need-build
	@tests/lib/need.sh @guest

test-tools:
	+@$(MAKE) --no-print-directory -C tests/lib O="$(OUT)/test-tools"
	+@$(MAKE) --no-print-directory -C tests/kernel O="$(OUT)/kernel-tests"

guest: need-guest
	+@$(MAKE) --no-print-directory programs test-tools $(GUEST_KERNELS:%=guest-module-%)

demo: guest
	@O="$(OUT)" tests/guest/demo

check: guest
	@tests/lib/need.sh @check @model @fuzz
	@OUT="$(OUT)" tests/check $(foreach s,$(filter-out $(ONCE),$(SCENARIOS)),$(GUEST_KERNELS:%=%:$(s))) \
		$(ONCE:%=$(lastword $(GUEST_KERNELS)):%) static unit model fuzz

guest-module-debug-%:
	@tests/lib/build-module "$$(tests/guest/debug-kernel "$*")/build" "$(OUT)/module-debug-$*"

check-debug: guest guest-module-debug-6.12 guest-module-debug-7.3
	@OUT="$(OUT)" EFTF_GUEST_SECONDS=2400 EFTF_PATIENCE=900 EFTF_ONLY="$(ONLY)" tests/check $(foreach s,$(NEWEST_SCENARIOS),debug-7.3:$(s)) \
		$(DEBUG_SCENARIOS:%=debug-6.12:%) $(if $(ONLY),,$(LONG:%=6.12:%))

# The module that KCSAN must find a race in.
guest-racer:
	@mkdir -p "$(OUT)/racer" && cp -u tests/races/* "$(OUT)/racer/"
	+@$(MAKE) -s -C "$$(tests/guest/debug-kernel races)/build" M="$(OUT)/racer" modules

check-races: guest guest-module-debug-races guest-racer
	@OUT="$(OUT)" EFTF_RACER="$(OUT)/racer/racer.ko" EFTF_GUEST_SECONDS=2400 EFTF_PATIENCE=900 \
		tests/check debug-races:races

# Half an hour more than asked for: a test that has begun comes to its end.
soak: SECONDS = 3600
soak: guest guest-module-debug-6.12
	@OUT="$(OUT)" EFTF_LIVE=1 EFTF_SOAK_SECONDS="$(SECONDS)" EFTF_GUEST_SECONDS=$$(($(SECONDS) + 1800)) \
		tests/check debug-6.12:soak

# The parsers of user space here, the module in the debug kernel; three fuzzers there, one after the other,
# each of which may take minutes to come to its end.
fuzz: $(if $(ONLY),need-build,guest guest-module-debug-6.12)
	@tests/lib/need.sh @fuzz
	@OUT="$(OUT)" EFTF_LIVE=1 EFTF_FUZZ_SECONDS="$(SECONDS)" EFTF_GUEST_SECONDS=$$((3 * $(SECONDS) + 1200)) \
		tests/check $(if $(ONLY),,debug-6.12:scenario-fuzz) fuzz

clean:
	rm -rf "$(OUT)"
	-@test ! -d "$(KDIR)" || $(MAKE) -C "$(KDIR)" M="$(CURDIR)" clean

.PHONY: help all modules programs install need-build need-guest test-tools guest demo check \
	check-debug check-races guest-racer soak fuzz clean
