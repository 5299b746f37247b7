# Sourced by the build scripts of the images: the tools tree, what runs in it, and what makes two builds alike.
# Needs: $work, $out, $SOURCE_DATE_EPOCH, fail, say. The archive is Debian's default one; COUNTERSIGN_DEBIAN_MIRROR and
# COUNTERSIGN_DEBIAN_SECURITY_MIRROR name others, for example a snapshot of one day.
# shellcheck shell=bash
tools=$work/tools
TOOLS=(bubblewrap cpio cryptsetup-bin debian-archive-keyring dosfstools e2fsprogs erofs-utils fdisk kmod mkosi mtools openssl python3-pefile
  systemd-boot-efi systemd-repart systemd-ukify zstd)

# The tools come from the same release as the image, so that what runs on this machine decides nothing.
make_tools() {
  if [[ -f $tools/.complete ]]; then return; fi
  say "making the tools tree (once, some minutes)"
  rm -rf "$tools"
  # debootstrap resolves no virtual packages: it makes the base, apt installs the rest.
  debootstrap --variant=minbase --include=ca-certificates trixie "$tools" ${COUNTERSIGN_DEBIAN_MIRROR:-} \
    > "$work/tools.log" 2>&1 || fail "debootstrap failed: see $work/tools.log"
  in_tools sh -c 'apt-get update && exec apt-get install -y --no-install-recommends "$@"' sh "${TOOLS[@]}" \
    >> "$work/tools.log" 2>&1 || fail "the tools could not be installed: see $work/tools.log"
  touch "$tools/.complete"
}

in_tools() {
  bwrap --bind "$tools" / --dev-bind /dev /dev --proc /proc --ro-bind /sys /sys --tmpfs /run --tmpfs /tmp \
    --ro-bind /etc/resolv.conf /etc/resolv.conf --bind "$work" /build --bind "$out" /out --cap-add ALL --unshare-uts --unshare-ipc \
    --clearenv --setenv PATH /usr/sbin:/usr/bin --setenv LANG C.UTF-8 --setenv HOME /root --setenv SOURCE_DATE_EPOCH "$SOURCE_DATE_EPOCH" \
    --chdir /build "$@"
}

# mkosi's own list asks for suites that mirrors do not carry; this one is taken as it stands.
write_sources() {
  mkdir -p "$1/mkosi.sandbox/etc/apt/sources.list.d"
  local archive=${COUNTERSIGN_DEBIAN_MIRROR:-$(awk '$1 == "deb" { print $2; exit }' "$tools/etc/apt/sources.list")}
  local security=${COUNTERSIGN_DEBIAN_SECURITY_MIRROR:-${archive%/}-security}
  local suite
  for suite in "$archive trixie" "$security trixie-security"; do
    printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n' ${suite}
  done > "$1/mkosi.sandbox/etc/apt/sources.list.d/mkosi.sources"
}

# Neither the time of a checkout nor the umask of who made it may show.
normalise() {
  chmod -R u=rwX,go=rX "$1"
  find "$1" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
}

# packages_of MANIFEST KIND: one line for each package, of mkosi's manifest.
packages_of() {
  node -e '
    const [manifest, kind] = process.argv.slice(1)
    const { packages } = JSON.parse(require("fs").readFileSync(manifest, "utf8"))
    console.log(packages.map(({ name, version, architecture }) => `${kind} ${name} ${version} ${architecture}`).sort().join("\n"))' "$1" "$2"
}

# Packages by version: the same list, or other bytes. An archive moves on; a snapshot of one day does not.
compare_packages() {
  local lock=$1
  if [[ $update_lock == yes ]]; then cp "$out/packages.lock" "$lock"; fi
  diff -u "$lock" "$out/packages.lock" > "$work/packages.diff" || {
    head -20 "$work/packages.diff" >&2
    fail "the archive has other versions than ${lock##*/} of this folder (see $work/packages.diff): build from a snapshot, or take them with --update-lock"
  }
}
