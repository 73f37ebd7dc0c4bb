// SPDX-License-Identifier: Apache-2.0
// The tables of the instruction sets, one source file each. Null for a precision that an
// instruction set adds nothing to. The machine must have what is called.
#pragma once

#include "engine/vit_kernels.h"

namespace novelty {

const VitKernels* plain_kernels(Precision precision);
const VitKernels* avx2_kernels(Precision precision);
const VitKernels* avx512_kernels(Precision precision);
const VitKernels* amx_kernels(Precision precision);

}  // namespace novelty
