# SPDX-License-Identifier: GPL-2.0-or-later
# Everything starts here. As root on Debian 12 the targets demo and check install
# what they miss, and say what; see README.md.
KDIR ?= /lib/modules/$(shell uname -r)/build
O ?= $(CURDIR)/build
PREFIX ?= /usr/local
INSTALL_MOD_DIR ?= updates

# The kernels that the tests run, by their Debian packages.
GUEST_KERNELS := 6.1 6.12

help:
	@echo 'make demo             a real call through a restrictive firewall, in a guest'
	@echo 'make check            all tests'
	@echo 'make modules KDIR=... eftf.ko for the kernel headers in KDIR (default: the running kernel)'
	@echo 'make programs         eftf-ue, eftf-gw, eftfctl'
	@echo 'make install          module for KDIR and programs; DESTDIR, PREFIX, INSTALL_MOD_DIR'
	@echo 'make clean'

all: modules programs

modules:
	@test -d "$(KDIR)" || { echo 'eftf: no kernel headers in $(KDIR): install linux-headers-$(shell uname -r), or name others by KDIR=' >&2; exit 1; }
	+$(MAKE) -C "$(KDIR)" M="$(CURDIR)" $(KFLAGS) modules

programs:
	+@$(MAKE) --no-print-directory -C userspace O="$(O)/programs"

install: all
	$(MAKE) -C "$(KDIR)" M="$(CURDIR)" INSTALL_MOD_DIR="$(INSTALL_MOD_DIR)" \
		$(if $(DESTDIR),INSTALL_MOD_PATH="$(DESTDIR)") modules_install
	$(MAKE) -C userspace O="$(O)/programs" PREFIX="$(PREFIX)" DESTDIR="$(DESTDIR)" install

# The module is built in a copy, one for each kernel, so that builds for several
# kernels stand side by side. guest-module-6.1 -> build/module-6.1/eftf.ko
guest-module-%:
	@tests/lib/build-module "$*" "$(O)/module-$*"

need-build:
	@tests/lib/need.sh tests/lib/packages-build
need-guest: need-build
	@tests/lib/need.sh tests/lib/packages-guest

test-tools:
	+@$(MAKE) --no-print-directory -C tests/lib O="$(O)/test-tools"

guest: need-guest
	+@$(MAKE) --no-print-directory programs test-tools $(GUEST_KERNELS:%=guest-module-%)

demo: guest
	@O="$(O)" tests/guest/demo

check: guest
	@O="$(O)" tests/check $(GUEST_KERNELS)

clean:
	rm -rf "$(O)"
	-@test ! -d "$(KDIR)" || $(MAKE) -C "$(KDIR)" M="$(CURDIR)" clean

.PHONY: help all modules programs install need-build need-guest test-tools guest demo check clean
