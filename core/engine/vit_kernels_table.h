// SPDX-License-Identifier: Apache-2.0
// The tables of the instruction sets, one source file each. AVX2 has float32 alone and is null for
// the rest; AMX is not to be asked for float32. The machine must have what is called.
#pragma once

#include "engine/vit_kernels.h"

namespace novelty {

const VitKernels* plain_kernels(Precision precision);
const VitKernels* avx2_kernels(Precision precision);
const VitKernels* avx512_kernels(Precision precision);
const VitKernels* amx_kernels(Precision precision);

}  // namespace novelty
