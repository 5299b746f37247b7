#!/bin/bash
# Takes out of a tree what no part of the gateway needs: programs that are not on the list, package managers, interpreters, documentation.
# prune.sh KIND TREE, where KIND is root or initrd of a confidential VM, or nitro. Run by mkosi's finalize scripts, on the build machine.
set -euo pipefail
kind=$1
tree=$2
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
declare -A keep=()
while read -r where name; do
  if [[ $where == "$kind" ]]; then keep[$name]=1; fi
done < <(grep -v '^#' "$here/programs.allow")

for folder in usr/bin usr/sbin usr/local/bin usr/local/sbin; do
  [[ -d $tree/$folder && ! -L $tree/$folder ]] || continue
  find "$tree/$folder" -mindepth 1 -maxdepth 1 -print0 | while IFS= read -r -d '' file; do
    [[ -n ${keep[$(basename "$file")]:-} ]] || rm -rf -- "$file"
  done
done

# Generators read the command line and whatever lies beside it: two are needed.
if [[ -d $tree/usr/lib/systemd/system-generators ]]; then
  find "$tree/usr/lib/systemd/system-generators" -mindepth 1 -print0 | while IFS= read -r -d '' file; do
    grep -qx "generator $(basename "$file")" "$here/programs.allow" || rm -rf -- "$file"
  done
fi

remove() { local pattern; for pattern in "$@"; do rm -rf -- "${tree:?}"/$pattern; done; }
remove var/lib/dpkg var/lib/apt var/cache var/log var/backups var/lib/systemd/catalog var/lib/dbus var/lib/pam var/lib/ucf var/spool var/mail
remove etc/apt etc/dpkg etc/alternatives etc/cron.daily etc/default etc/init.d etc/logrotate.d etc/pam.d etc/security etc/skel etc/profile etc/profile.d
remove etc/bash.bashrc etc/shadow- etc/passwd- etc/group- etc/gshadow- etc/ld.so.cache~ 'etc/rc*.d' etc/kernel etc/dbus-1 etc/ssh etc/xattr.conf
remove usr/lib/apt usr/lib/dpkg usr/lib/init usr/lib/pam.d usr/lib/systemd/catalog usr/lib/udev/hwdb.d usr/lib/tmpfiles.d/dbus.conf usr/lib/kernel
remove 'usr/lib/x86_64-linux-gnu/perl*' usr/share/perl5 'usr/share/perl*' 'usr/lib/python*' usr/share/python3
remove 'usr/lib/x86_64-linux-gnu/security' usr/share/bash-completion usr/share/bug usr/share/debconf usr/share/doc usr/share/info usr/share/lintian usr/share/locale usr/share/man
remove usr/share/menu usr/share/pam usr/share/pam-configs usr/share/zsh usr/share/base-files usr/share/common-licenses usr/share/gcc usr/share/gdb usr/share/libc-bin usr/share/keyrings
remove 'usr/lib/klibc*' usr/lib/dbus-1.0 usr/lib/initramfs-tools etc/initramfs-tools 'usr/lib/x86_64-linux-gnu/klibc*'
remove usr/share/nodejs/corepack usr/share/nodejs/npm usr/share/polkit-1 usr/share/dbus-1 usr/share/initramfs-tools usr/share/vim usr/share/xml usr/lib/modprobe.d/README
remove usr/lib/systemd/system/dbus.service usr/lib/systemd/system/dbus.socket usr/lib/systemd/user usr/lib/systemd/user-generators usr/share/systemd usr/lib/mime usr/share/tabset usr/share/sensible-utils
remove usr/lib/systemd/systemd-sulogin-shell usr/lib/systemd/systemd-growfs usr/lib/systemd/systemd-makefs
remove usr/lib/systemd/systemd-import usr/lib/systemd/systemd-pull usr/lib/systemd/systemd-reply-password usr/lib/systemd/systemd-user-runtime-dir usr/lib/systemd/systemd-logind
remove usr/lib/systemd/systemd-update-helper usr/lib/systemd/systemd-battery-check usr/lib/systemd/systemd-ssh-issue usr/lib/systemd/systemd-ssh-proxy
# What would give the disks to the network, wake another system from a disk, or lay memory over the root.
remove usr/lib/systemd/systemd-storagetm usr/lib/systemd/systemd-hibernate-resume usr/lib/systemd/systemd-sleep usr/lib/systemd/systemd-volatile-root
remove usr/lib/systemd/systemd-bsod usr/lib/systemd/systemd-socket-proxyd usr/lib/systemd/systemd-sysv-install usr/lib/systemd/systemd-pstore
# The stub of the unified kernel image is read from the tree once more.
find "$tree/usr/lib/systemd/boot" -type f ! -name linuxx64.efi.stub -delete 2> /dev/null || true
remove run/* tmp/* root/.bashrc root/.profile boot/*

# Whoever mounts here is root already: nothing takes on another's rights.
find "$tree" -xdev -type f -perm /6000 -exec chmod ug-s {} +

if [[ $kind == nitro ]]; then
  # Nothing here is started by systemd: no part of it belongs in an enclave.
  remove usr/lib/systemd etc/systemd usr/lib/udev usr/lib/tmpfiles.d usr/lib/sysusers.d var
  exit 0
fi

# What these units would start is gone, or must not be started by whoever holds the host's keyboard.
for unit in emergency rescue; do
  rm -f "$tree/usr/lib/systemd/system/$unit.service"
done
for unit in getty.target getty@.service serial-getty@.service console-getty.service container-getty@.service debug-shell.service autovt@.service \
  systemd-ask-password-console.path systemd-ask-password-wall.path systemd-logind.service dbus.service dbus.socket systemd-journal-flush.service \
  systemd-sysusers.service ldconfig.service systemd-hwdb-update.service systemd-journal-catalog-update.service systemd-update-done.service \
  systemd-firstboot.service systemd-machine-id-commit.service systemd-boot-update.service systemd-bless-boot.service systemd-growfs-root.service \
  systemd-networkd-persistent-storage.service systemd-pcrphase.service systemd-homed.service apt-daily.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer systemd-creds.socket; do
  ln -sfn /dev/null "$tree/etc/systemd/system/$unit"
done
cat > "$tree/usr/lib/systemd/system/emergency.service" <<'UNIT'
[Unit]
Description=Power off: something that must work does not, and there is nobody to ask
DefaultDependencies=no
FailureAction=poweroff-force
SuccessAction=poweroff-force

[Service]
Type=oneshot
ExecStart=-/nonexistent
UNIT
cp "$tree/usr/lib/systemd/system/emergency.service" "$tree/usr/lib/systemd/system/rescue.service"

# An empty file: each boot takes an id of its own, kept in memory.
: > "$tree/etc/machine-id"
