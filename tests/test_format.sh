#!/bin/bash
# clang-format has nothing to change; shellcheck has nothing to say.
set -u
cd "${1:?source folder}" || exit 1

find cmd courier lib include receiver tests bench fuzz -name '*.[ch]' -print0 2>/dev/null |
	xargs -0 clang-format --dry-run --Werror || exit 1
find check setup .ci packaging tests bench -type f \
	\( -name '*.sh' -o -name check -o -name setup -o -name run \) \
	-print0 2>/dev/null | xargs -0 shellcheck -x -S warning || exit 1
