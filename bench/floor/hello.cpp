// SPDX-License-Identifier: Apache-2.0
// The least a process can do: from exec to main and out again.
#include <unistd.h>

int main() { return ::write(1, "hello\n", 6) == 6 ? 0 : 1; }
