#!/bin/sh
# autogen.sh - make ./configure; with `dev`, also a developer's build directory
#
#   ./autogen.sh             autoreconf
#   ./autogen.sh dev [DIR]   and configure DIR (default: build-dev) with clang,
#                            -Werror, ASan, UBSan and the fault points
set -eu
cd "$(dirname "$0")"
autoreconf -fi

if [ "${1:-}" = dev ]; then
	dir=${2:-build-dev}
	top=$(pwd)
	mkdir -p "$dir"
	cd "$dir"
	"$top/configure" CC=clang CFLAGS='-O1 -g' --enable-werror \
	    --enable-sanitizers --enable-faults
	echo "Now: make -C $dir check"
fi
