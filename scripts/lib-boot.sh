# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# What a guest boots from: the kernel's image and the initramfs, made once each and
# kept in the cache: make_initramfs and make_image set initramfs and image to their
# paths.  Uses variables of scripts/vm: kernel, work, MODULES_BASE and what
# scripts/kernel printed.
#
# shellcheck disable=SC2154

# The modules between the boot image and the root directory, in load order.  A
# kernel that has them built in lists none.
boot_modules() {
	local m

	for m in virtio_pci 9pnet_virtio 9p overlay; do
		modprobe -d "$MODULES_BASE" -S "$KREL" --show-depends "$m" 2>/dev/null ||
			true
	done | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

add_module() {
	case $1 in
	*.xz) xz -dc "$1" ;;
	*.zst) zstd -dcq "$1" ;;
	*.gz) gzip -dc "$1" ;;
	*) cat "$1" ;;
	esac >"$2"
}

# One initramfs per kernel, init script and busybox.
make_initramfs() {
	local init=$PILOT_SRC/scripts/guest/initramfs-init key tree n=0 m

	key=$( (
		cat "$init" "$(command -v busybox)"
		stat -c '%s %Y' "$KERNEL" "$MODULES/modules.dep"
	) | sha256sum | cut -c 1-16)
	initramfs=$PILOT_CACHE/initramfs/$kernel-$key.gz
	[ ! -s "$initramfs" ] || return 0

	tree=$work/initramfs
	mkdir -p "$tree"/{bin,dev,proc,modules,vm,lower,over,root,srclower} \
		"$PILOT_CACHE/initramfs"
	cp "$(command -v busybox)" "$tree/bin/busybox"
	ln -s busybox "$tree/bin/sh"
	cp "$init" "$tree/init"
	chmod 755 "$tree/init"
	while IFS= read -r m; do
		n=$((n + 1))
		add_module "$m" "$tree/modules/$(printf %02d $n).ko"
	done < <(boot_modules)
	(cd "$tree" && find . | busybox cpio -o -H newc 2>/dev/null) |
		gzip -1 >"$initramfs.$$"
	mv "$initramfs.$$" "$initramfs"
	rm -rf "$tree"
}

# image_number OFFSET SIZE: of the header of KERNEL, see the Linux kernel's
# Documentation/x86/boot.rst.
image_number() {
	od -An -v -j "$1" -N "$2" -t "u$2" -- "$KERNEL" | tr -d ' '
}

# unpack_image: what KERNEL would unpack to itself, which QEMU starts by the note for
# PVH in it; 4 bytes that are its size follow.  Fails for what is packed otherwise.
unpack_image() {
	local start length magic tool

	start=$((($(image_number 497 1) + 1) * 512 + $(image_number 584 4)))
	length=$(image_number 588 4)
	magic=$(od -An -v -j "$start" -N 4 -t x1 -- "$KERNEL" | tr -d ' ')
	case $magic in
	fd377a58) tool=xz ;;
	28b52ffd) tool=zstd ;;
	*) return 1 ;;
	esac
	dd if="$KERNEL" bs=1M iflag=skip_bytes,count_bytes skip="$start" \
		count=$((length - 4)) status=none | "$tool" -dcq
}

# Emulated, a kernel takes longer to unpack itself than to start.  The debug kernel is
# packed with gzip, which is quick, and KASAN does not start by PVH.
make_image() {
	local key

	key=$(stat -c '%n %s %Y' "$KERNEL" | sha256sum | cut -c 1-16)
	image=$PILOT_CACHE/image/$kernel-$key
	[ ! -s "$image" ] || return 0
	mkdir -p "$PILOT_CACHE/image"
	if ! unpack_image >"$work/image"; then
		image=$KERNEL
		return
	fi
	mv "$work/image" "$image.$$"
	mv "$image.$$" "$image"
	find "$PILOT_CACHE/image" -name "$kernel-*" ! -name "$kernel-$key*" -delete
}
