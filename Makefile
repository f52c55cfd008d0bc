# SPDX-License-Identifier: GPL-2.0-or-later
# Everything starts here. As root on Debian 12 or 13 the targets demo, quick and check
# install what they miss, and say what; see README.md.
KDIR ?= /lib/modules/$(shell uname -r)/build
# Not O: that means something to the kernel's own make.
OUT ?= $(CURDIR)/build
# Where the module is built: another copy of its source, for another kernel.
MODULE ?= $(CURDIR)
PREFIX ?= /usr/local
INSTALL_MOD_DIR ?= updates
SYSCONFDIR ?= /etc
MANIFEST ?= $(PREFIX)/share/eftf/manifest
export PREFIX SYSCONFDIR MANIFEST

.DEFAULT_GOAL := all

# Debian's own kernels, on which a release has to work; all others are in the same list.
GUEST_KERNELS := $(shell awk '$$2 == "package" { print $$1 }' tests/lib/kernels)

help:
	@echo 'make demo             a real call through a restrictive firewall, in a guest'
	@echo 'make quick            unit tests, the tests of the module and a call, in User Mode Linux: minutes'
	@echo 'make check            all tests: static checks, unit tests, guests with kernels $(GUEST_KERNELS) and User Mode Linux'
	@echo 'make check-packages   what is installed, Debian packages, handlers for OpenWrt'
	@echo 'make check-musl       all with musl, against a wolfSSL as OpenWrt has it, and a call; the first time also the libraries'
	@echo 'make check-arch       other processors: everything cross-compiled, guests with them; ARCHES="$(ARCHES)"'
	@echo 'make check-debug      the tests of the module in kernels with KASAN, lockdep, kmemleak, fault injection'
	@echo '                      ONLY="attach fault": only those programs of tests/kernel'
	@echo 'make check-races      the module in a kernel with KCSAN'
	@echo 'make fuzz SECONDS=60  every fuzzer for that long, those of the module in the debug kernel'
	@echo '                      ONLY="dhcp4 sip": only those of tests/fuzz'
	@echo 'make soak SECONDS=3600  a long run in that kernel: tunnels come and go, memory fails, peers are hostile; a flood at a gateway;'
	@echo '                      half an hour of changes of the network around a UE'
	@echo 'make bench            what it does beside WireGuard, OpenVPN and others: tables, JSON, plots in build/bench; 40 minutes'
	@echo '                      PARTS="voice loss cost setup gateway": only those; PARTS=self-test: does it still work? See tests/bench/README.md'
	@echo 'make bench-readme     puts the last figures of make bench into README.md'
	@echo 'make bench-voice       delay and loss of voice beside bulk, in a kernel whose clock stands still while it computes'
	@echo '                      CELLS="2000:50:200:up:1 ...": which links and traffic, see tests/bench/voice.sh'
	@echo 'make                  module and programs'
	@echo 'make modules KDIR=... eftf.ko for the kernel headers in KDIR (default: the running kernel)'
	@echo 'make programs         eftf-ue, eftf-gw, eftfctl; PROGS="eftf-ue eftfctl": only these, also for install'
	@echo '                      PROXY=no: eftf-ue without libcurl, for direct connections only'
	@echo '                      KEYLOG=yes: for tests: eftf-ue --keylog FILE writes the secrets of its connections there'
	@echo 'make install          module for KDIR and programs; DESTDIR, PREFIX, INSTALL_MOD_DIR'
	@echo 'make install-programs only the programs and what belongs to them'
	@echo 'make uninstall        takes back what install has put there, with the same DESTDIR and PREFIX'
	@echo 'make deb              packages for Debian, in $(OUT)/deb'
	@echo 'make dist             the commit HEAD as an archive, in $(OUT); the same octets each time'
	@echo 'make clean'

all: modules programs

modules:
	@userspace/dist/missing module "$(KDIR)"
	+$(MAKE) -C "$(KDIR)" M="$(MODULE)" $(KFLAGS) modules

programs:
	+@$(MAKE) --no-print-directory -C userspace O="$(OUT)/programs"

# Without debug information: seven megabytes of it. The kernel's make compresses the file if the kernel's modules are.
install-module: modules
	@echo '  INSTALL eftf.ko'
	@set -e; put() { DESTDIR="$(DESTDIR)" MANIFEST="$(MANIFEST)" userspace/dist/put "$$@"; }; \
	release=$$(cat "$(KDIR)/include/config/kernel.release"); folder="/lib/modules/$$release/$(INSTALL_MOD_DIR)"; \
	put --folder "$$folder"; \
	$(MAKE) -s -C "$(KDIR)" M="$(MODULE)" INSTALL_MOD_DIR="$(INSTALL_MOD_DIR)" INSTALL_MOD_STRIP=1 DEPMOD=true \
		INSTALL_MOD_PATH="$(DESTDIR)" modules_install; \
	for file in "$(DESTDIR)$$folder"/eftf.ko*; do put --note "$$folder/$${file##*/}"; done; \
	test -n "$(DESTDIR)" || depmod "$$release"

install-programs: programs
	+@$(MAKE) --no-print-directory -C userspace O="$(OUT)/programs" install

# One after the other: both note what they do in the same manifest.
install: all
	+@$(MAKE) --no-print-directory install-programs
	+@$(MAKE) --no-print-directory install-module
	@test -n "$(DESTDIR)" || echo 'Next: systemctl daemon-reload; systemd-sysusers; a configuration in $(SYSCONFDIR)/eftf, samples: $(PREFIX)/share/doc/eftf/examples'

uninstall:
	+@$(MAKE) --no-print-directory -C userspace uninstall
	@test -n "$(DESTDIR)" || depmod

dist:
	@mkdir -p "$(OUT)"
	@userspace/dist/source archive "$(OUT)/eftf-$(shell userspace/dist/version).tar.xz"

# Built in a copy, so that nothing of the build stays in the tree.
deb: need-build
	@tests/lib/need.sh @deb
	@rm -f "$(OUT)"/deb/eftf*_*
	@userspace/dist/source folder "$(OUT)/deb/eftf"
	+@cd "$(OUT)/deb/eftf" && unset MAKEFLAGS MAKEOVERRIDES MFLAGS PREFIX SYSCONFDIR MANIFEST OUT O && BUILD="$(OUT)/deb/objects" dpkg-buildpackage -b -us -uc -j2 >../build.log 2>&1 || \
		{ tail -n 40 ../build.log >&2; exit 1; }
	@rm -rf "$(OUT)/deb/eftf"; ls "$(OUT)"/deb/*.deb

# The module is built in a copy, one for each kernel, so that builds for several
# kernels stand side by side. guest-module-6.1 -> build/module-6.1/eftf.ko
guest-module-%:
	@tests/lib/build-module "$*" "$(OUT)/module-$*" $(if $(filter $*,$(GUEST_KERNELS)),$(STRICT))

# What the guests run: scripts of tests/guest. tests/README.md says why each runs where it does, and
# "make check" compares its table with the jobs.
# What depends on the kernel, on each of Debian's:
GATE := kernel-tests scenario-call scenario-policy scenario-rekey scenario-swap scenario-unload
# One guest for all of them: a boot takes longer than some of them, and what the emulator has translated is not translated again.
empty :=
IN_TURN := $(subst $(empty) $(empty),+,$(GATE))
# What takes minutes of waiting or memory; make check-debug has it.
LONG := scenario-patience scenario-many scenario-restart-many scenario-crowd-many
# What measures delays, where the machine's own delays do not count:
TIMED := scenario-voice
# The longest come first, so that nothing long is left alone at the end; before them what only computes, while the guests
# of Debian's kernels test the module: their calls later on need a processor in time.
LONGEST := $(addprefix scenario-,ue gw-hostile ends rekey path offers ue-moves dual ue-goes-on gw-operator gw topology)
HOST_JOBS := fuzz unit static model
# The rest, which hardly depends on the kernel, in User Mode Linux, and with it what only the newest can do:
FAST := $(filter-out $(GATE) $(LONG) $(TIMED) $(LONGEST),$(patsubst tests/guest/%.sh,%,$(sort $(wildcard tests/guest/scenario-*.sh))))
CHECK_JOBS := $(GUEST_KERNELS:%=%:$(IN_TURN)) $(HOST_JOBS) $(LONGEST:%=uml:%) $(FAST:%=uml:%) $(TIMED:%=uml-travel:%)
QUICK_JOBS := uml:scenario-call unit $(patsubst %,uml:kernel-tests-%of3,2 1 3)
# Everything that does something to the module. The other scenarios are about the programs.
DEBUG_SCENARIOS := kernel-tests scenario-fuzz scenario-unload scenario-swap
PLANTED := use-after-free lock-inversion
# What the newest kernel has to show: new TLS keys, and that nothing else has changed.
NEWEST_SCENARIOS := kernel-tests scenario-rekey
DEBUG_JOBS := $(PLANTED:%=debug-6.12:planted-%) \
	$(NEWEST_SCENARIOS:%=debug-newest:%) $(DEBUG_SCENARIOS:%=debug-6.12:%)
RACES_JOBS := races:planted-race races:races
SECONDS ?= 20

# For tests/lib/jobs-table
jobs:
	@echo 'quick $(QUICK_JOBS)'
	@echo 'check $(CHECK_JOBS)'
	@echo 'check-debug $(DEBUG_JOBS) $(LONG:%=uml:%)'
	@echo 'check-races $(RACES_JOBS)'

need-build:
	@tests/lib/need.sh @build
need-guest: need-build
	@tests/lib/need.sh @guest
need-check: need-guest
	@tests/lib/need.sh @check @model @fuzz

test-tools:
	+@$(MAKE) --no-print-directory -C tests/lib O="$(OUT)/test-tools"
	+@$(MAKE) --no-print-directory -C tests/kernel O="$(OUT)/kernel-tests"

# What the tests compile is kept, so that a fresh clone does not compile again what has not changed.
BY_TESTS := in-guests guest demo quick check check-arch check-debug check-musl check-races check-packages soak fuzz bench
$(BY_TESTS): export PATH := /usr/lib/ccache:$(PATH)
$(BY_TESTS): export CCACHE_DIR = $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/eftf/ccache
# each clone has the same paths below its own folder
$(BY_TESTS): export CCACHE_BASEDIR = $(CURDIR)
$(BY_TESTS): export CCACHE_NOHASHDIR = 1
$(BY_TESTS): export CCACHE_MAXSIZE = 1G

# All processors, unless make was told how many.
AT_ONCE = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
# What is started in guests. The modules one after the other: each build takes two processors.
in-guests: need-guest
	+@$(MAKE) --no-print-directory $(AT_ONCE) programs test-tools

guest: in-guests
	+@$(MAKE) --no-print-directory $(GUEST_KERNELS:%=guest-module-%)

PARTS ?= voice loss cost setup gateway
bench: need-guest
	@tests/lib/need.sh @bench
	+@$(MAKE) --no-print-directory programs test-tools guest-module-uml-travel guest-module-6.12
	@tests/bench/build-dco 6.12 "$(OUT)/bench-dco"
	@OUT="$(OUT)" tests/bench/bench $(PARTS)

bench-readme:
	@tests/bench/report --readme "$(OUT)/bench"

CELLS ?= 2000:50:200:none:0 2000:50:200:up:1 2000:50:200:down:1 2000:50:200:up:1:begin:3
bench-voice: need-build
	+@$(MAKE) --no-print-directory programs test-tools guest-module-uml-travel
	@EFTF_TEST_TOOLS="$(OUT)/test-tools" tests/guest/run --kernel uml-travel --cpus 1 --timeout 3600 --build "$(OUT)/programs" \
		--modules "$(OUT)/module-uml-travel" tests/bench/voice.sh $(CELLS)

demo: guest $(EFTF_DEMO_KERNEL:%=guest-module-%)
	@O="$(OUT)" tests/guest/demo

# Each of them mostly waits, and no emulated guest is beside them: all at once.
quick: in-guests guest-module-uml
	@OUT="$(OUT)" EFTF_JOBS_UML=$${EFTF_JOBS_UML:-5} tests/check $(QUICK_JOBS)

# sparse looks at the modules as they are built, the job "static" at what it says.
check: export STRICT := C=2
check: need-check guest guest-module-uml guest-module-uml-travel
	@OUT="$(OUT)" tests/check $(CHECK_JOBS)

# What is installed, and the packages.
check-packages: need-guest test-tools guest-module-uml
	+@$(MAKE) --no-print-directory programs
	@tests/lib/need.sh @check @deb @trees
	@OUT="$(OUT)" tests/check packages

# For other processors.
ARCHES ?= $(shell awk '!/^\#/ { print $$1 }' tests/lib/arches)
check-arch: need-guest
	+@$(MAKE) --no-print-directory programs test-tools guest-module-$(lastword $(GUEST_KERNELS))
	@tests/lib/need.sh @arch
	@OUT="$(OUT)" tests/check $(ARCHES:%=arch:%)

# The programs with musl, and a call by them.
check-musl: need-guest test-tools guest-module-$(lastword $(GUEST_KERNELS))
	@tests/lib/need.sh @check
	@OUT="$(OUT)" tests/check musl

check-debug: in-guests guest-module-debug-6.12 guest-module-debug-newest guest-module-uml planted-debug-6.12
	@OUT="$(OUT)" EFTF_GUEST_SECONDS=2400 EFTF_PATIENCE=900 EFTF_ONLY="$(ONLY)" tests/check $(DEBUG_JOBS) \
		$(if $(ONLY),,$(LONG:%=uml:%))

# A module with faults that the kernel must find, to show that it would.
planted-%:
	@tests/lib/build-module --planted "$*" "$(OUT)/planted-$*"

check-races: in-guests guest-module-races planted-races
	@OUT="$(OUT)" EFTF_GUEST_SECONDS=2400 EFTF_PATIENCE=900 tests/check $(RACES_JOBS)

# Half an hour more than asked for: a test that has begun comes to its end.
soak: SECONDS = 3600
soak: in-guests guest-module-debug-6.12 guest-module-uml
	@OUT="$(OUT)" EFTF_LIVE=1 EFTF_SOAK_SECONDS="$(SECONDS)" EFTF_GUEST_SECONDS=$$(($(SECONDS) + 1800)) \
		tests/check debug-6.12:soak uml:flood uml:ue-soak

# The parsers of user space here, the module in the debug kernel; three fuzzers there, one after the other,
# each of which may take minutes to come to its end.
fuzz: $(if $(ONLY),need-build,in-guests guest-module-debug-6.12)
	@tests/lib/need.sh @fuzz
	@OUT="$(OUT)" EFTF_LIVE=1 EFTF_FUZZ_SECONDS="$(SECONDS)" EFTF_GUEST_SECONDS=$$((3 * $(SECONDS) + 1200)) \
		tests/check $(if $(ONLY),,debug-6.12:scenario-fuzz) fuzz

clean:
	rm -rf "$(OUT)"
	-@test ! -d "$(KDIR)" || $(MAKE) -C "$(KDIR)" M="$(CURDIR)" clean

.PHONY: help all modules programs install install-module install-programs uninstall dist deb jobs need-build need-guest need-check test-tools in-guests guest demo bench bench-readme bench-voice quick check \
	check-arch check-packages check-musl check-debug check-races soak fuzz clean
