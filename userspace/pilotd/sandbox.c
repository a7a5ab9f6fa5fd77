// SPDX-License-Identifier: GPL-2.0-or-later

#include "sandbox.h"

#include <errno.h>
#include <grp.h>
#include <linux/sockios.h>
#include <pwd.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cap-ng.h>
#include <seccomp.h>

#include "error.h"
#include "log.h"

#define WORKER_FILES	256
#define BRIDGE_FILES	4096	/* two for each client */

/*
 * What the loop, the allocator and the libraries call once all is set up.
 * Anything else fails with EPERM.
 */
static const int allowed[] = {
	SCMP_SYS(accept), SCMP_SYS(accept4), SCMP_SYS(brk),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(close),
	SCMP_SYS(dup), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_pwait), SCMP_SYS(epoll_pwait2), SCMP_SYS(epoll_wait),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group), SCMP_SYS(fcntl), SCMP_SYS(fstat),
	SCMP_SYS(futex), SCMP_SYS(getegid), SCMP_SYS(geteuid),
	SCMP_SYS(getgid), SCMP_SYS(getpeername), SCMP_SYS(getpid),
	SCMP_SYS(getrandom), SCMP_SYS(getsockname), SCMP_SYS(getsockopt),
	SCMP_SYS(gettid), SCMP_SYS(gettimeofday), SCMP_SYS(getuid),
	SCMP_SYS(lseek), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(mremap),
	SCMP_SYS(munlock), SCMP_SYS(munmap), SCMP_SYS(newfstatat), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(recvfrom),
	SCMP_SYS(recvmmsg), SCMP_SYS(recvmsg), SCMP_SYS(restart_syscall),
	SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn), SCMP_SYS(sched_yield), SCMP_SYS(sendmsg), SCMP_SYS(sendto),
	SCMP_SYS(shutdown), SCMP_SYS(sigaltstack), SCMP_SYS(signalfd4),
	SCMP_SYS(time), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_gettime),
	SCMP_SYS(timerfd_settime), SCMP_SYS(write), SCMP_SYS(writev),
};

/* What the bridge needs beyond that, to connect to servers. */
static const int allowed_bridge[] = {
	SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(setsockopt),
};

static int allow_sockets(scmp_filter_ctx filter)
{
	int ret;

	ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			       SCMP_A0(SCMP_CMP_EQ, AF_INET));
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				       SCMP_SYS(socket), 1,
				       SCMP_A0(SCMP_CMP_EQ, AF_INET6));
	return ret;
}

/* Names of interfaces, for link-local endpoints. */
static int allow_interfaces(scmp_filter_ctx filter)
{
	int ret;

	ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket), 1,
			       SCMP_A0(SCMP_CMP_EQ, AF_UNIX));
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				       SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_EQ, SIOCGIFINDEX));
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				       SCMP_SYS(ioctl), 1,
				       SCMP_A1(SCMP_CMP_EQ, SIOCGIFNAME));
	return ret;
}

/* Memory, but none that can hold new code. */
static int allow_memory(scmp_filter_ctx filter)
{
	int ret;

	ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
			       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (!ret)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW,
				       SCMP_SYS(mprotect), 1,
				       SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC,
					       0));
	return ret;
}

static int allow_calls(scmp_filter_ctx filter, const int *calls, size_t count)
{
	int ret = 0;

	for (size_t i = 0; i < count && !ret; i++)
		ret = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
	return ret;
}

#define COUNT(array)	(sizeof(array) / sizeof((array)[0]))

static int filter_enter(enum sandbox_role role)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	int ret;

	if (!filter)
		return -ENOMEM;
	ret = allow_memory(filter);
	/* One that may connect may not do so to the host's own sockets. */
	if (!ret && role != SANDBOX_BRIDGE)
		ret = allow_interfaces(filter);
	if (!ret)
		ret = allow_calls(filter, allowed, COUNT(allowed));
	if (!ret && role == SANDBOX_BRIDGE)
		ret = allow_sockets(filter);
	if (!ret && role == SANDBOX_BRIDGE)
		ret = allow_calls(filter, allowed_bridge,
				  COUNT(allowed_bridge));
	if (!ret)
		ret = seccomp_load(filter);
	seccomp_release(filter);
	return ret;
}

/* The unprivileged user: our own when the package made it. */
static void user_find(uid_t *uid, gid_t *gid)
{
	const struct passwd *user = getpwnam("pilotd");

	if (!user)
		user = getpwnam("nobody");
	*uid = user ? user->pw_uid : 65534;
	*gid = user ? user->pw_gid : 65534;
}

static int user_enter(uid_t uid, gid_t gid)
{
	capng_clear(CAPNG_SELECT_BOTH);
	/* Only as root: what no program we might start could have. */
	if (capng_apply(CAPNG_SELECT_BOUNDS))
		return -EPERM;
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 ||
	    setresuid(uid, uid, uid) < 0)
		return -errno;
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

/*
 * Keys should not be swapped out. Only without a limit: past one, a later
 * allocation would fail. Where it is not allowed, go on without.
 */
static void memory_lock(void)
{
	const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (!setrlimit(RLIMIT_MEMLOCK, &all) &&
	    !mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT))
		return;
	log_info("memory is not locked: keys may be written to swap space");
}

int sandbox_enter(enum sandbox_role role, char *err, size_t err_size)
{
	const rlim_t count = role == SANDBOX_BRIDGE ? BRIDGE_FILES :
						      WORKER_FILES;
	const struct rlimit none = { 0, 0 }, files = { count, count };
	uid_t uid;
	gid_t gid;
	int ret;

	user_find(&uid, &gid);
	/* The bridge has nothing that is worth it. */
	if (role == SANDBOX_WORKER)
		memory_lock();
	if (setrlimit(RLIMIT_CORE, &none) < 0 ||
	    setrlimit(RLIMIT_NPROC, &none) < 0 ||
	    setrlimit(RLIMIT_NOFILE, &files) < 0)
		return error_set(err, err_size, errno,
				 "cannot set resource limits: %s",
				 strerror(errno));
	ret = user_enter(uid, gid);
	if (ret)
		return error_set(err, err_size, -ret,
				 "cannot become user %u: %s", (unsigned)uid,
				 strerror(-ret));
	if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, err_size, errno, "prctl: %s",
				 strerror(errno));
	ret = filter_enter(role);
	if (ret)
		return error_set(err, err_size, -ret,
				 "cannot install the system call filter: %s",
				 strerror(-ret));
	return 0;
}
