/*
 * Stands in for AWS's init, the first process of an enclave: tells the parent that the enclave runs, goes into the tree of the image, mounts
 * what is mounted there, starts the image's command in its environment, and ends the enclave where that ends. Not for use anywhere else.
 * It mounts neither devpts nor cgroups, which the trial's kernel lacks, and loads no module.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/vm_sockets.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PARENT_CID = 3, READY_PORT = 9000, HEARTBEAT = 0xb7, MOST_LINES = 64 };

static void end(const char *what) {
  if (what != NULL) perror(what);
  sync();
  reboot(RB_AUTOBOOT);
  _exit(1);
}

static void say_ready(void) {
  struct sockaddr_vm parent = {.svm_family = AF_VSOCK, .svm_cid = PARENT_CID, .svm_port = READY_PORT};
  unsigned char octet = HEARTBEAT;
  int to = socket(AF_VSOCK, SOCK_STREAM, 0);
  if (to < 0 || connect(to, (struct sockaddr *)&parent, sizeof parent) != 0) end("init: the parent");
  if (write(to, &octet, 1) != 1 || read(to, &octet, 1) != 1 || octet != HEARTBEAT) end("init: the heartbeat");
  close(to);
}

/* One line for each word of the command, or each variable; ends with NULL. */
static char **read_lines(const char *path) {
  char **lines = calloc(MOST_LINES + 1, sizeof *lines);
  FILE *file = fopen(path, "r");
  if (lines == NULL || file == NULL) end(path);
  for (int i = 0; i < MOST_LINES; i++) {
    char *line = NULL;
    size_t size = 0;
    if (getline(&line, &size, file) <= 0) break;
    line[strcspn(line, "\n")] = '\0';
    lines[i] = line;
  }
  fclose(file);
  unlink(path);
  return lines;
}

static void mount_at(const char *target, const char *type, unsigned long flags) {
  mkdir(target, 0755);
  if (mount(type, target, type, MS_NOSUID | MS_NOEXEC | flags, NULL) != 0) end(target);
}

int main(void) {
  mount_at("/dev", "devtmpfs", 0);
  for (int fd = 0; fd < 3; fd++) {
    close(fd);
    if (open("/dev/console", O_RDWR) != fd) end("/dev/console");
  }
  say_ready();
  char **command = read_lines("/cmd"), **environment = read_lines("/env");
  if (chdir("/rootfs") != 0 || chroot(".") != 0) end("/rootfs");
  mount_at("/dev", "devtmpfs", 0);
  mount_at("/proc", "proc", MS_NODEV);
  mount_at("/run", "tmpfs", MS_NODEV);
  mount_at("/tmp", "tmpfs", MS_NODEV);
  mount_at("/dev/shm", "tmpfs", MS_NODEV);
  mount_at("/sys", "sysfs", MS_NODEV);

  pid_t child = fork();
  if (child == 0) {
    setsid();
    execve(command[0], command, environment);
    perror(command[0]);
    _exit(127);
  }
  int status = 0;
  for (pid_t gone = 0; gone != child && gone >= 0;) gone = wait(&status);
  fprintf(stderr, "init: the command ended with %d\n", WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  end(NULL);
}
