// What no worker may do: files, programs, other processes, new powers, and the kernel's more
// adventurous interfaces.
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/linux/rogue.h"

namespace bulkhead::platform {
namespace {

using Context = const RogueContext&;

int outcome(long result) {
  return result >= 0 ? 0 : errno;
}

int open_path(const std::string& path, int flags) {
  return outcome(open(path.c_str(), flags | O_CLOEXEC, 0600));
}

int socket_of(int family, int type, int protocol) {
  return outcome(socket(family, type | SOCK_CLOEXEC, protocol));
}

int wait_for_child(long pid) {
  if (pid < 0) return errno;
  waitpid(static_cast<pid_t>(pid), nullptr, 0);
  return 0;
}

int run_program(Context) {
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  char* environment[] = {nullptr};
  execve("/bin/true", arguments, environment);  // succeeds by exiting with 0
  return errno;
}

int run_memory(Context) {
  const int memory = memfd_create("payload", MFD_CLOEXEC);
  const int program = open("/bin/true", O_RDONLY | O_CLOEXEC);
  if (memory < 0 || program < 0) return errno;
  char buffer[65536];
  for (ssize_t got = 0; (got = read(program, buffer, sizeof(buffer))) > 0;) {
    if (write(memory, buffer, static_cast<std::size_t>(got)) != got) return errno;
  }
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  char* environment[] = {nullptr};
  fexecve(memory, arguments, environment);
  return errno;
}

int fork_child(Context) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  return wait_for_child(pid);
}

int raw_clone(Context) {
  const long pid = syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, nullptr);
  if (pid == 0) _exit(0);
  return wait_for_child(pid);
}

int trace_victim(Context context) {
  return outcome(ptrace(PTRACE_SEIZE, context.victim, nullptr, nullptr));
}

int read_victim(Context context) {
  static char here[8] = "secret";  // at the same address in the victim, which is our fork
  char there[8] = {};
  iovec local{there, sizeof(there)};
  iovec remote{here, sizeof(here)};
  return outcome(process_vm_readv(context.victim, &local, 1, &remote, 1, 0));
}

int take_descriptor_of_victim(Context context) {
  const long pidfd = syscall(SYS_pidfd_open, context.victim, 0);
  if (pidfd < 0) return errno;
  return outcome(syscall(SYS_pidfd_getfd, pidfd, 0, 0));
}

int map_code(Context) {
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? errno : 0;
}

int make_code([[maybe_unused]] Context context) {
#ifdef BULKHEAD_SANITIZED
  return not_here;
#else
  void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return errno;
  return outcome(mprotect(memory, 4096, PROT_READ | PROT_EXEC));
#endif
}

int become_root(Context) {
  if (setresuid(0, 0, 0) != 0) return errno;
  return geteuid() == 0 ? 0 : EPERM;
}

int load_bpf(Context) {
  bpf_attr attributes{};
  attributes.map_type = BPF_MAP_TYPE_ARRAY;
  attributes.key_size = 4;
  attributes.value_size = 4;
  attributes.max_entries = 1;
  return outcome(syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof(attributes)));
}

// Outside, the control must not leave it mounted.
int mount_something(Context context) {
  if (mount("none", context.directory.c_str(), "tmpfs", 0, nullptr) != 0) return errno;
  return outcome(umount2(context.directory.c_str(), MNT_DETACH));
}

int set_up_io_uring(Context) {
  unsigned char parameters[120] = {};  // struct io_uring_params
  return outcome(syscall(SYS_io_uring_setup, 1, parameters));
}

constexpr NamedAttempt attempts[] = {
    {"open_for_reading", [](Context c) { return open_path(c.directory + "/readable", O_RDONLY); }},
    {"open_for_writing", [](Context c) { return open_path(c.directory + "/readable", O_RDWR); }},
    {"create_file", [](Context c) { return open_path(c.directory + "/new", O_WRONLY | O_CREAT); }},
    {"truncate_file",
     [](Context c) { return open_path(c.directory + "/readable", O_RDONLY | O_TRUNC); }},
    {"temporary_file", [](Context c) { return open_path(c.directory, O_RDWR | O_TMPFILE); }},
    {"remove_file", [](Context c) { return outcome(unlink((c.directory + "/readable").c_str())); }},
    {"read_shadow", [](Context) { return open_path("/etc/shadow", O_RDONLY); }},
    {"read_memory_of_victim",
     [](Context c) { return open_path("/proc/" + std::to_string(c.victim) + "/mem", O_RDONLY); }},
    {"exec", run_program},
    {"exec_memory", run_memory},
    {"fork", fork_child},
    {"clone", raw_clone},
    {"ptrace_victim", trace_victim},
    {"kill_victim", [](Context c) { return outcome(kill(c.victim, SIGUSR1)); }},
    {"kill_parent", [](Context) { return outcome(kill(getppid(), 0)); }},
    {"tgkill_victim",
     [](Context c) { return outcome(syscall(SYS_tgkill, c.victim, c.victim, SIGUSR1)); }},
    {"process_vm_readv_victim", read_victim},
    {"pidfd_getfd_victim", take_descriptor_of_victim},
    {"map_code", map_code},
    {"make_code", make_code},
    {"unshare_user", [](Context) { return outcome(unshare(CLONE_NEWUSER)); }},
    {"unshare_network", [](Context) { return outcome(unshare(CLONE_NEWNET)); }},
    {"setns", [](Context c) { return outcome(setns(c.outer_namespace.get(), CLONE_NEWNET)); }},
    {"become_root", become_root},
    {"become_dumpable",
     [](Context) {
       if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return errno;
       return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? 0 : EPERM;
     }},
    {"mount", mount_something},
    {"chroot", [](Context c) { return outcome(chroot(c.directory.c_str())); }},
    {"bpf", load_bpf},
    {"keyctl",
     [](Context) { return outcome(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, nullptr)); }},
    {"io_uring", set_up_io_uring},
    {"userfaultfd", [](Context) { return outcome(syscall(SYS_userfaultfd, O_CLOEXEC)); }},
    {"memfd_create", [](Context) { return outcome(memfd_create("m", MFD_CLOEXEC)); }},
    {"dup2", [](Context c) { return outcome(dup2(c.udp.get(), c.channel.get())); }},
    {"raw_socket", [](Context) { return socket_of(AF_INET, SOCK_RAW, IPPROTO_ICMP); }},
    {"ping_socket", [](Context) { return socket_of(AF_INET, SOCK_DGRAM, IPPROTO_ICMP); }},
    {"packet_socket", [](Context) { return socket_of(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL)); }},
    {"netlink_socket", [](Context) { return socket_of(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE); }},
    {"unix_socket", [](Context) { return socket_of(AF_UNIX, SOCK_STREAM, 0); }},
    {"socket_pair",
     [](Context) {
       int ends[2];
       return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
     }},
};

}  // namespace

std::span<const NamedAttempt> rogue_system_attempts() {
  return attempts;
}

}  // namespace bulkhead::platform
