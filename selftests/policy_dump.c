// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Prints the policies that the running kernel has for the pilot family, one
 * line per command and per attribute, the latter by its path of numbers:
 *
 *   command NUMBER do|dump
 *   attribute PATH nest HIGHEST
 *   attribute PATH binary SHORTEST LONGEST
 *   attribute PATH TYPE LOWEST HIGHEST
 *   attribute PATH TYPE mask BITS
 */

#include "netlink.h"

#include <err.h>
#include <inttypes.h>
#include <linux/genetlink.h>
#include <linux/netlink.h>
#include <linux/pilot.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define POLICIES_MAX	16
#define ATTRS_MAX	64
#define COMMANDS_MAX	64
#define DEPTH_MAX	8

struct described {
	bool is_set;
	uint32_t type, policy, maxtype, shortest, longest;
	bool has_mask;
	uint64_t mask, low, high;
};

struct command {
	bool has_do, has_dump;
	uint32_t root_do, root_dump;
};

static struct described described[POLICIES_MAX][ATTRS_MAX];
static struct command commands[COMMANDS_MAX];

static void attr_take(struct described *attr, const struct nlattr *from)
{
	const struct nlattr *nla;

	attr->is_set = true;
	mnl_attr_for_each_nested(nla, from) {
		switch (mnl_attr_get_type(nla)) {
		case NL_POLICY_TYPE_ATTR_TYPE:
			attr->type = mnl_attr_get_u32(nla);
			break;
		case NL_POLICY_TYPE_ATTR_POLICY_IDX:
			attr->policy = mnl_attr_get_u32(nla);
			break;
		case NL_POLICY_TYPE_ATTR_POLICY_MAXTYPE:
			attr->maxtype = mnl_attr_get_u32(nla);
			break;
		case NL_POLICY_TYPE_ATTR_MIN_LENGTH:
			attr->shortest = mnl_attr_get_u32(nla);
			break;
		case NL_POLICY_TYPE_ATTR_MAX_LENGTH:
			attr->longest = mnl_attr_get_u32(nla);
			break;
		case NL_POLICY_TYPE_ATTR_MASK:
			attr->has_mask = true;
			attr->mask = mnl_attr_get_u64(nla);
			break;
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_U:
		case NL_POLICY_TYPE_ATTR_MIN_VALUE_S:
			attr->low = mnl_attr_get_u64(nla);
			break;
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_U:
		case NL_POLICY_TYPE_ATTR_MAX_VALUE_S:
			attr->high = mnl_attr_get_u64(nla);
			break;
		}
	}
}

static void policy_take(const struct nlattr *from)
{
	const struct nlattr *policy, *attr;
	unsigned int at, type;

	mnl_attr_for_each_nested(policy, from) {
		at = mnl_attr_get_type(policy);
		mnl_attr_for_each_nested(attr, policy) {
			type = mnl_attr_get_type(attr);
			if (at >= POLICIES_MAX || type >= ATTRS_MAX)
				errx(1, "no room for attribute %u of policy %u",
				     type, at);
			attr_take(&described[at][type], attr);
		}
	}
}

static void commands_take(const struct nlattr *from)
{
	const struct nlattr *op, *mode;
	struct command *command;

	mnl_attr_for_each_nested(op, from) {
		if (mnl_attr_get_type(op) >= COMMANDS_MAX)
			errx(1, "no room for command %u",
			     mnl_attr_get_type(op));
		command = &commands[mnl_attr_get_type(op)];
		mnl_attr_for_each_nested(mode, op) {
			if (mnl_attr_get_type(mode) == CTRL_ATTR_POLICY_DO) {
				command->has_do = true;
				command->root_do = mnl_attr_get_u32(mode);
			}
			if (mnl_attr_get_type(mode) == CTRL_ATTR_POLICY_DUMP) {
				command->has_dump = true;
				command->root_dump = mnl_attr_get_u32(mode);
			}
		}
	}
}

static int message_attr(const struct nlattr *attr, void *arg)
{
	(void)arg;
	if (mnl_attr_get_type(attr) == CTRL_ATTR_POLICY)
		policy_take(attr);
	if (mnl_attr_get_type(attr) == CTRL_ATTR_OP_POLICY)
		commands_take(attr);
	return MNL_CB_OK;
}

static int message_take(const struct nlmsghdr *nlh, void *arg)
{
	mnl_attr_parse(nlh, sizeof(struct genlmsghdr), message_attr, arg);
	return MNL_CB_OK;
}

static const char *number_type(uint32_t type)
{
	static const char * const names[] = {
		[NL_ATTR_TYPE_U8] = "u8",
		[NL_ATTR_TYPE_U16] = "u16",
		[NL_ATTR_TYPE_U32] = "u32",
		[NL_ATTR_TYPE_U64] = "u64",
		[NL_ATTR_TYPE_S8] = "s8",
		[NL_ATTR_TYPE_S16] = "s16",
		[NL_ATTR_TYPE_S32] = "s32",
		[NL_ATTR_TYPE_S64] = "s64",
	};

	if (type >= sizeof(names) / sizeof(names[0]))
		return NULL;
	return names[type];
}

static void attr_print(const struct described *attr)
{
	const char *number = number_type(attr->type);

	if (attr->type == NL_ATTR_TYPE_NESTED)
		printf("nest %u\n", attr->maxtype);
	else if (attr->type == NL_ATTR_TYPE_BINARY)
		printf("binary %u %u\n", attr->shortest, attr->longest);
	else if (!number)
		printf("type-%u\n", attr->type);
	else if (attr->has_mask)
		printf("%s mask %#" PRIx64 "\n", number, attr->mask);
	else if (*number == 's')
		printf("%s %" PRId64 " %" PRId64 "\n", number,
		       (int64_t)attr->low, (int64_t)attr->high);
	else
		printf("%s %" PRIu64 " %" PRIu64 "\n", number, attr->low,
		       attr->high);
}

static void policy_print(uint32_t policy, const char *path, int depth)
{
	const struct described *attr;
	char inner[64];
	int i;

	if (policy >= POLICIES_MAX || depth == DEPTH_MAX)
		errx(1, "policies are nested too deep at %s", path);
	for (i = 0; i < ATTRS_MAX; i++) {
		attr = &described[policy][i];
		if (!attr->is_set)
			continue;
		printf("attribute %s%d ", path, i);
		attr_print(attr);
		if (attr->type != NL_ATTR_TYPE_NESTED || !attr->maxtype)
			continue;
		snprintf(inner, sizeof(inner), "%s%d.", path, i);
		policy_print(attr->policy, inner, depth + 1);
	}
}

/* One policy for all commands is what makes one list of attributes enough. */
static void root_check(uint32_t *root, bool *found, uint32_t policy, int cmd)
{
	if (*found && *root != policy)
		errx(1, "command %d has a policy of its own", cmd);
	*root = policy;
	*found = true;
}

int main(void)
{
	bool found = false;
	struct nlmsghdr *nlh;
	uint32_t root = 0;
	char buf[1024];
	struct nl nl;
	int ret, i;

	ret = nl_open(&nl);
	if (ret)
		errx(1, "the pilot family is not there: %s", strerror(-ret));
	nlh = nl_request(&nl, buf, CTRL_CMD_GETPOLICY, NLM_F_DUMP);
	nlh->nlmsg_type = GENL_ID_CTRL;
	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, PILOT_FAMILY_NAME);
	ret = nl_talk(&nl, nlh, message_take, NULL);
	if (ret)
		errx(1, "the kernel shows no policies: %s %s", strerror(-ret),
		     nl.extack);
	nl_close(&nl);
	for (i = 0; i < COMMANDS_MAX; i++) {
		if (commands[i].has_do) {
			printf("command %d do\n", i);
			root_check(&root, &found, commands[i].root_do, i);
		}
		if (commands[i].has_dump) {
			printf("command %d dump\n", i);
			root_check(&root, &found, commands[i].root_dump, i);
		}
	}
	if (!found)
		errx(1, "no command has a policy");
	policy_print(root, "", 0);
	return 0;
}
