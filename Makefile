# SPDX-License-Identifier: GPL-2.0-or-later
#
# make               the command and the helper
# make modules       the module, for the running kernel or KDIR
# make install       what `make` built, below DESTDIR
# make dkms-source   the module's source, below DESTDIR/usr/src
# make dkms-install  that, and build and install it for the running kernel
# make check         all tests: scripts/check

KDIR ?= /lib/modules/$(shell uname -r)/build
VERSION := $(shell cat VERSION)
DKMS_SOURCE := /usr/src/pilot-link-$(VERSION)

all:
	$(MAKE) -C userspace all

modules modules_install:
	$(MAKE) -C $(KDIR) M=$(CURDIR) CONFIG_DEBUG_INFO_BTF_MODULES= $@

install: all
	$(MAKE) -C userspace install

dkms-source:
	install -d $(DESTDIR)$(DKMS_SOURCE)
	cp -r Kbuild VERSION COPYING dkms.conf kernel include \
		$(DESTDIR)$(DKMS_SOURCE)

dkms-install: dkms-source
	dkms install pilot-link/$(VERSION)

check:
	scripts/check

clean:
	$(MAKE) -C userspace clean
	rm -rf build

.PHONY: all modules modules_install install dkms-source dkms-install check clean
