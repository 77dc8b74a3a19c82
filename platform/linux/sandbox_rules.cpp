// What each profile may ask of the kernel. Everything not named here ends the process.
//
// Conditions compare 64-bit registers, while the kernel looks at 32 bits of an int argument. For
// "allow when equal" that is safe: with other upper bits the comparison fails. "Allow unless equal"
// would not be, so where it is needed (close) it is written as masked comparisons of the lower 32
// bits.
#include <cerrno>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

#include "platform/linux/sandbox_filter.h"

namespace bulkhead::platform {
namespace {

// Bytes and messages, on any descriptor.
constexpr const char* io_allowed[] = {
    "read",     "readv",   "pread64",    "write",       "writev",     "lseek",
    "recvfrom", "recvmsg", "recvmmsg",   "splice",      "tee",        "pipe2",
    "shutdown", "accept4", "getsockopt", "getsockname", "getpeername"};

constexpr const char* always_allowed[] = {
    // waiting
    "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll",
    "eventfd2", "timerfd_create", "timerfd_settime", "timerfd_gettime", "signalfd4", "futex",
    "nanosleep", "clock_nanosleep", "sched_yield", "restart_syscall",
    // asking about descriptors
    "fstat",
    // memory (mmap and mprotect below)
    "munmap", "mremap", "brk", "madvise",
    // time, chance, self
    "clock_gettime", "clock_getres", "gettimeofday", "time", "getrandom", "getpid", "gettid",
    "getuid", "geteuid", "getgid", "getegid", "getrusage", "times", "getcpu",
    // signals, threads that exist, the end
    "rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "sigaltstack", "rseq",
    "set_robust_list", "exit", "exit_group"};

// What the C library and others try on the way and can do without.
constexpr const char* refused_paths[] = {
    "open",       "openat", "openat2",    "creat",     "stat",       "lstat",
    "newfstatat", "statx",  "access",     "faccessat", "faccessat2", "readlink",
    "readlinkat", "getcwd", "getdents64", "chdir",     "unlink",     "unlinkat"};

#ifdef BULKHEAD_SANITIZED
constexpr const char* sanitizer_runtime[] = {"sched_getaffinity", "mprotect", "sysinfo",
                                             "set_tid_address"};
#endif

scmp_arg_cmp equal(unsigned argument, scmp_datum_t value) {
  return {argument, SCMP_CMP_EQ, value, 0};
}
scmp_arg_cmp masked(unsigned argument, scmp_datum_t mask, scmp_datum_t value) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, value};
}

// Arguments, by the manual pages' order.
constexpr unsigned fcntl_command = 1;
constexpr unsigned ioctl_request = 1;
constexpr unsigned protection = 2;  // mmap, mprotect
constexpr unsigned send_flags = 3;
constexpr unsigned send_address = 4;

// What is allowed becomes memory that is never code: nothing new can be executed.
void allow_protection([[maybe_unused]] SystemCallFilter& filter) {
#ifndef BULKHEAD_SANITIZED
  filter.allow("mprotect", {masked(protection, PROT_EXEC, 0)});
#endif
}

void allow_memory(SystemCallFilter& filter) {
  filter.allow("mmap", {masked(protection, PROT_EXEC, 0)});
  allow_protection(filter);
}

void allow_descriptor_settings(SystemCallFilter& filter) {
  for (const int command :
       {F_GETFL, F_GETFD, F_SETFD, F_GET_SEALS, F_DUPFD_CLOEXEC, F_SETPIPE_SZ, F_GETPIPE_SZ}) {
    filter.allow("fcntl", {equal(fcntl_command, static_cast<scmp_datum_t>(command))});
  }
  for (const unsigned long request :
       {static_cast<unsigned long>(FIONREAD), static_cast<unsigned long>(SIOCOUTQ),
        static_cast<unsigned long>(SIOCOUTQNSD), static_cast<unsigned long>(FIONBIO)}) {
    filter.allow("ioctl", {equal(ioctl_request, request)});
  }
  for (const unsigned long request :
       {static_cast<unsigned long>(TCGETS), static_cast<unsigned long>(TIOCGWINSZ)}) {
    filter.refuse("ioctl", ENOTTY, {equal(ioctl_request, request)});
  }
}

void allow_options(SystemCallFilter& filter, int level, std::initializer_list<int> names) {
  for (const int name : names) {
    filter.allow("setsockopt", {equal(1, static_cast<scmp_datum_t>(level)),
                                equal(2, static_cast<scmp_datum_t>(name))});
  }
}

void allow_stream_options(SystemCallFilter& filter) {
  allow_options(filter, SOL_SOCKET,
                {SO_KEEPALIVE, SO_RCVBUF, SO_SNDBUF, SO_RCVLOWAT, SO_RCVTIMEO, SO_SNDTIMEO});
  allow_options(filter, IPPROTO_TCP,
                {TCP_NODELAY, TCP_CORK, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT, TCP_QUICKACK,
                 TCP_USER_TIMEOUT, TCP_NOTSENT_LOWAT, TCP_LINGER2});
  allow_options(filter, IPPROTO_IP, {IP_TOS});
  allow_options(filter, IPPROTO_IPV6, {IPV6_TCLASS});
}

// What every worker needs, whatever it does.
void allow_living(SystemCallFilter& filter) {
  filter.allow(always_allowed);
  // abort() and raise(): a signal to ourselves.
  filter.allow("tgkill", {equal(0, static_cast<scmp_datum_t>(getpid()))});
  // Reading our own limits: getrlimit().
  filter.allow("prlimit64", {equal(0, 0), equal(2, 0)});
#ifdef BULKHEAD_SANITIZED
  filter.allow(sanitizer_runtime);
#else
  filter.refuse("sysinfo", EPERM);
  filter.refuse("sched_getaffinity", EPERM);
#endif
}

void allow_common(SystemCallFilter& filter) {
  allow_living(filter);
  filter.allow(io_allowed);
  allow_memory(filter);
  allow_descriptor_settings(filter);
  allow_stream_options(filter);
}

// Sending without an address, and without TCP fast open, which connects. sendmsg could name an
// address or carry descriptors: it is for the channels alone. Their numbers must not come to mean
// another socket: they cannot be closed (EPERM), and there is no dup2.
void allow_sending(SystemCallFilter& filter, std::span<const int> message_descriptors) {
  filter.allow("sendto", {masked(send_flags, MSG_FASTOPEN, 0), equal(send_address, 0)});
  for (const int descriptor : message_descriptors) {
    const auto number = static_cast<scmp_datum_t>(descriptor);
    filter.allow("sendmsg", {equal(0, number)});
    filter.refuse("close", EPERM, {masked(0, 0xFFFFFFFF, number)});
  }
  for (const AlignedBlock& block : everything_but(message_descriptors)) {
    if (block.mask() == 0) {
      filter.allow("close");
    } else {
      filter.allow("close", {masked(0, block.mask(), block.first)});
    }
  }
}

void allow_own_sockets(SystemCallFilter& filter) {
  // c-ares makes its sockets non-blocking. O_ASYNC would let the kernel send signals on our behalf.
  filter.allow("fcntl", {equal(fcntl_command, F_SETFL), masked(2, O_ASYNC, 0)});
  constexpr scmp_datum_t type_mask = 0xF;  // beside SOCK_CLOEXEC and SOCK_NONBLOCK
  for (const int family : {AF_INET, AF_INET6}) {
    const auto domain = equal(0, static_cast<scmp_datum_t>(family));
    for (const int protocol : {0, static_cast<int>(IPPROTO_TCP)}) {
      filter.allow("socket", {domain, masked(1, type_mask, SOCK_STREAM),
                              equal(2, static_cast<scmp_datum_t>(protocol))});
    }
    for (const int protocol : {0, static_cast<int>(IPPROTO_UDP)}) {
      filter.allow("socket", {domain, masked(1, type_mask, SOCK_DGRAM),
                              equal(2, static_cast<scmp_datum_t>(protocol))});
    }
  }
  for (const char* name : {"connect", "bind", "listen", "sendto", "sendmsg", "sendmmsg", "close"}) {
    filter.allow(name);
  }
  allow_options(filter, SOL_SOCKET, {SO_REUSEADDR, SO_REUSEPORT, SO_BROADCAST});
  allow_options(filter, IPPROTO_IP,
                {IP_BIND_ADDRESS_NO_PORT, IP_RECVERR, IP_PKTINFO, IP_MTU_DISCOVER});
  allow_options(filter, IPPROTO_IPV6,
                {IPV6_V6ONLY, IPV6_RECVERR, IPV6_RECVPKTINFO, IPV6_MTU_DISCOVER});
}

// ICMP echoes, for health checks: the unprivileged kind of socket, which can say nothing else.
void allow_echoes(SystemCallFilter& filter) {
  for (const auto& [family, protocol] :
       {std::pair{AF_INET, int{IPPROTO_ICMP}}, std::pair{AF_INET6, int{IPPROTO_ICMPV6}}}) {
    filter.allow("socket", {equal(0, static_cast<scmp_datum_t>(family)), masked(1, 0xF, SOCK_DGRAM),
                            equal(2, static_cast<scmp_datum_t>(protocol))});
  }
}

// getaddrinfo asks nscd, getifaddrs and c-ares ask netlink; all go on without.
void refuse_family(SystemCallFilter& filter, int family) {
  filter.refuse("socket", EAFNOSUPPORT, {equal(0, static_cast<scmp_datum_t>(family))});
}

// Every bit that makes an open more than reading refuses it; which files may be read is for
// Landlock and the file modes.
void allow_reading_files(SystemCallFilter& filter) {
  struct Open {
    const char* name;
    unsigned flags;
  };
  // O_TMPFILE contains O_DIRECTORY; its own bit is the one above.
  constexpr scmp_datum_t tmpfile_bit = O_TMPFILE & ~O_DIRECTORY;
  constexpr scmp_datum_t writing = O_ACCMODE | O_CREAT | O_TRUNC | O_APPEND | tmpfile_bit;
  for (const Open& open : {Open{"open", 1}, Open{"openat", 2}}) {
    filter.allow(open.name, {masked(open.flags, writing, 0)});
    for (const scmp_datum_t mode : {O_WRONLY, O_RDWR, O_ACCMODE}) {
      filter.refuse(open.name, EACCES, {masked(open.flags, O_ACCMODE, mode)});
    }
    for (const scmp_datum_t bit :
         {scmp_datum_t{O_CREAT}, scmp_datum_t{O_TRUNC}, scmp_datum_t{O_APPEND}, tmpfile_bit}) {
      filter.refuse(open.name, EACCES, {masked(open.flags, bit, bit)});
    }
  }
  for (const char* name :
       {"stat", "lstat", "newfstatat", "statx", "access", "faccessat", "faccessat2", "readlink",
        "readlinkat", "uname", "inotify_init1", "inotify_add_watch", "inotify_rm_watch"}) {
    filter.allow(name);
  }
  for (const char* name :
       {"openat2", "creat", "getcwd", "getdents64", "chdir", "unlink", "unlinkat"}) {
    filter.refuse(name, EACCES);
  }
}

// A thread of this process, and nothing that is more. The flags of clone3 are out of a filter's
// sight; told that there is none, the C library takes clone.
void allow_threads(SystemCallFilter& filter) {
  constexpr scmp_datum_t thread =
      CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM;
  constexpr scmp_datum_t more = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID |
                                CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP | CLONE_PTRACE |
                                CLONE_PIDFD | CLONE_VFORK;
  filter.allow("clone", {masked(0, thread | more, thread)});
  filter.refuse("clone3", ENOSYS);
  for (const char* name : {"set_tid_address", "sched_getparam", "sched_getscheduler", "membarrier"})
    filter.allow(name);
  // A thread's own priority: hashing gives way to everything else.
  filter.allow("setpriority", {equal(0, PRIO_PROCESS)});
}

// What SQLite and libraries that read their configuration do with files.
void allow_database(SystemCallFilter& filter) {
  for (const char* name :
       {"open",       "openat",    "stat",       "lstat",     "newfstatat", "statx",
        "access",     "faccessat", "faccessat2", "readlink",  "readlinkat", "uname",
        "getdents64", "unlink",    "unlinkat",   "rename",    "renameat",   "renameat2",
        "fsync",      "fdatasync", "ftruncate",  "fallocate", "pwrite64",   "pwritev",
        "fstatfs",    "fchmod",    "mkdir",      "mkdirat",   "msync",      "fadvise64",
        "flock"}) {
    filter.allow(name);
  }
  for (const int command : {F_GETLK, F_SETLK, F_SETLKW, F_OFD_GETLK, F_OFD_SETLK, F_OFD_SETLKW}) {
    filter.allow("fcntl", {equal(fcntl_command, static_cast<scmp_datum_t>(command))});
  }
  for (const char* name : {"openat2", "creat", "getcwd", "chdir"}) filter.refuse(name, EACCES);
}

// A directory server, a database or a resolver that listens on this machine's file system.
void allow_directories_on_this_machine(SystemCallFilter& filter) {
  filter.allow("socket", {equal(0, AF_UNIX), masked(1, 0xF, SOCK_STREAM), equal(2, 0)});
  filter.refuse("socket", EAFNOSUPPORT, {equal(0, AF_UNIX), masked(1, 0xF, SOCK_DGRAM)});
  // One with PAM's process for each check, one of curl's own.
  filter.allow("socketpair", {equal(0, AF_UNIX)});
}

}  // namespace

void add_acceptor_rules(SystemCallFilter& filter, std::span<const int> message_descriptors) {
  allow_common(filter);
  allow_sending(filter, message_descriptors);
  filter.refuse(refused_paths, EACCES);
  // Flags belong to what is open, not to the descriptor: without O_APPEND the access log, which all
  // acceptors share, could be overwritten.
  filter.refuse("fcntl", EPERM, {equal(fcntl_command, F_SETFL)});
  filter.refuse("uname", EPERM);
}

// A descriptor that comes in takes a low number first: what is to be held has to be moved up by the
// worker itself. So this keeps a mistake of the worker, and not the worker, from reading what it
// holds; but it makes no memory of its own executable, opens nothing and reaches nobody.
void add_vault_rules(SystemCallFilter& filter) {
  static_assert((first_held_number & (first_held_number - 1)) == 0);
  constexpr scmp_datum_t held_bits = 0xFFFFFFFFULL & ~(scmp_datum_t{first_held_number} - 1);
  const auto low = [](unsigned argument) { return masked(argument, held_bits, 0); };
  allow_living(filter);
  for (const char* name : {"read", "pread64", "lseek", "write", "writev", "recvmsg", "sendmsg",
                           "shutdown", "getsockopt", "accept4"}) {
    filter.allow(name, {low(0)});
  }
  filter.allow("sendto", {low(0), masked(send_flags, MSG_FASTOPEN, 0), equal(send_address, 0)});
  filter.allow("close");
  filter.allow("pipe2");  // the event loop's own
  for (const int command : {F_GETFL, F_GETFD, F_SETFD, F_GET_SEALS, F_DUPFD_CLOEXEC}) {
    filter.allow("fcntl", {equal(fcntl_command, static_cast<scmp_datum_t>(command))});
  }
  filter.refuse("ioctl", ENOTTY);
  constexpr unsigned mapping_flags = 3, mapped_descriptor = 4;
  filter.allow("mmap", {masked(protection, PROT_EXEC, 0),
                        masked(mapping_flags, MAP_ANONYMOUS, MAP_ANONYMOUS)});
  filter.allow("mmap", {masked(protection, PROT_EXEC, 0), low(mapped_descriptor)});
  allow_protection(filter);
  filter.refuse(refused_paths, EACCES);
  filter.refuse("uname", EPERM);
}

void add_egress_rules(SystemCallFilter& filter) {
  allow_common(filter);
  allow_own_sockets(filter);
  allow_echoes(filter);
  refuse_family(filter, AF_UNIX);
  refuse_family(filter, AF_NETLINK);
  allow_reading_files(filter);
}

// Which files may be written is for Landlock and the file modes: it owns one directory.
void add_auth_rules(SystemCallFilter& filter) {
  allow_common(filter);
  allow_own_sockets(filter);
  allow_directories_on_this_machine(filter);
  refuse_family(filter, AF_NETLINK);
  allow_threads(filter);
  allow_database(filter);
}

}  // namespace bulkhead::platform
