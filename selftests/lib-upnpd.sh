# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# miniupnpd in a gateway between "lan" and "wan", for PCP and NAT-PMP.  Sourced
# after lib-coturn.sh.
#
# Its rules are in a table of their own: what the gateway's do not translate gets to
# them.  The gateway has to forward it ("ct status dnat accept").
#
# It maps nothing where the address of "wan" is one for documentation, unless it is
# told another by ext_ip.
#
# shellcheck disable=SC2034,SC2154

# upnpd_start NS NET [LINE]...: for the hosts of NET, with these lines of
# configuration; UPNPD is the process.
upnpd_start() {
	in_ns "$1" nft -f - <<-END
		table inet upnpd {
			chain forward {
				type filter hook forward priority filter
				jump mapped_forward
			}
			chain mapped_forward {
			}
			chain prerouting {
				type nat hook prerouting priority dstnat
				jump mapped_in
			}
			chain postrouting {
				type nat hook postrouting priority srcnat
				jump mapped_out
			}
			chain mapped_in {
			}
			chain mapped_out {
			}
		}
	END
	cat >"$TMP/upnpd.conf" <<-END
		ext_ifname=wan
		listening_ip=lan
		enable_natpmp=yes
		enable_upnp=no
		secure_mode=yes
		system_uptime=no
		upnp_table_name=upnpd
		upnp_nat_table_name=upnpd
		upnp_forward_chain=mapped_forward
		upnp_nat_chain=mapped_in
		upnp_nat_postrouting_chain=mapped_out
		$(printf '%s\n' "${@:3}")
		allow 1024-65535 $2 1024-65535
		deny 0-65535 0.0.0.0/0 0-65535
	END
	upnpd_run "$1"
}

upnpd_run() {
	spawn "$TMP/upnpd" in_ns "$1" env LD_LIBRARY_PATH="$libraries" \
		"$servers/usr/sbin/miniupnpd" -d -f "$TMP/upnpd.conf" \
		-P "$TMP/upnpd.pid"
	UPNPD=$SPAWNED
	wait_for 20 hears "$1" 5351 || fail "miniupnpd: $(tail -n 5 "$TMP/upnpd")"
}

# upnpd_end NS: as if by a power cut.
upnpd_end() {
	end_process "$UPNPD" -KILL
	in_ns "$1" nft "flush chain inet upnpd mapped_in;
		flush chain inet upnpd mapped_out;
		flush chain inet upnpd mapped_forward"
}

# upnpd_without_pcp NS: from here on it does not hear PCP, only NAT-PMP.
upnpd_without_pcp() {
	in_ns "$1" nft "add table ip pcp;
		add chain ip pcp input { type filter hook input priority 0; };
		add rule ip pcp input udp dport 5351 @th,64,8 2 drop"
}

# upnpd_maps NS HOST: there is a rule that leads to the host's port.
upnpd_maps() {
	in_ns "$1" nft list chain inet upnpd mapped_in |
		grep -q "dport $PORT dnat ip to $2:$PORT"
}

upnpd_maps_not() {
	! upnpd_maps "$@"
}
