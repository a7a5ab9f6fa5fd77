// SPDX-License-Identifier: GPL-2.0

#include <linux/module.h>

#include "aead.h"
#include "device.h"
#include "frame.h"
#include "index.h"
#include "key.h"
#include "netlink.h"
#include "open.h"
#include "relay.h"
#include "selftest.h"
#include "socket.h"
#include "wire.h"

static int __init pilot_module_init(void)
{
	int ret;

	pilot_wire_assert();
	ret = pilot_aead_module_init();
	if (ret)
		return ret;
	ret = pilot_frame_module_init();
	if (ret)
		goto err_aead;
	ret = pilot_selftest();
	if (ret)
		goto err_frame;
	ret = pilot_open_module_init();
	if (ret)
		goto err_frame;
	ret = pilot_index_module_init();
	if (ret)
		goto err_open;
	ret = pilot_relay_module_init();
	if (ret)
		goto err_index;
	ret = pilot_key_module_init();
	if (ret)
		goto err_relay;
	ret = pilot_netlink_module_init();
	if (ret)
		goto err_key;
	ret = pilot_device_module_init();
	if (ret)
		goto err_netlink;
	return 0;

err_netlink:
	pilot_netlink_module_exit();
err_key:
	pilot_key_module_exit();
err_relay:
	pilot_relay_module_exit();
err_index:
	pilot_index_module_exit();
err_open:
	pilot_open_module_exit();
err_frame:
	pilot_frame_module_exit();
err_aead:
	pilot_aead_module_exit();
	return ret;
}

/*
 * Devices go first: they send events as long as they live, and a request that
 * meets one half gone is refused. Their keys are retired before keys end.
 */
static void __exit pilot_module_exit(void)
{
	pilot_device_module_exit();
	pilot_netlink_module_exit();
	pilot_socket_module_exit();
	pilot_key_module_exit();
	pilot_relay_module_exit();
	pilot_index_module_exit();
	pilot_open_module_exit();
	pilot_frame_module_exit();
	pilot_aead_module_exit();
}

module_init(pilot_module_init);
module_exit(pilot_module_exit);

MODULE_DESCRIPTION("Encrypted network device for agents");
MODULE_LICENSE("GPL");
MODULE_VERSION(PILOT_VERSION);
MODULE_SOFTDEP("pre: aesni_intel ghash_generic gcm ctr libchacha20poly1305");
