// SPDX-License-Identifier: Apache-2.0
// The program `novelty`: opens its own code as a module and hands over.
#include <dlfcn.h>

#include <cstdio>

// Note [Nothing heavy in the global scope]
// A library that a program links, and all that one links in turn, lies in the scope in which every
// other library's symbols are looked up first. OpenCV brings a BLAS along (in Debian the reference
// one), whose `sgemm_` would take the place of LibTorch's own: the same results, ten times slower.
// So the program links neither; its code, with OpenCV, is opened in a scope of its own.
int main(int argc, char** argv) {
  // Found by this program's run path: beside it in a build, in the library folder when installed.
  void* module = dlopen("libnovelty-cli.so", RTLD_NOW | RTLD_LOCAL);
  using Main = int (*)(int, char**);
  const auto novelty_main =
      module == nullptr ? nullptr : reinterpret_cast<Main>(dlsym(module, "novelty_main"));
  if (novelty_main == nullptr) {
    std::fprintf(stderr, "novelty: %s (reinstall the program)\n", dlerror());
    return 1;
  }
  return novelty_main(argc, argv);
}
