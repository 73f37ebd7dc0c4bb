// SPDX-License-Identifier: Apache-2.0
// The tables of the instruction sets, one source file each. The machine must have what is called.
#pragma once

#include "image/band_kernels.h"

namespace novelty {

const BandKernels& plain_band_kernels();
const BandKernels& avx2_band_kernels();
const BandKernels& avx512_band_kernels();

}  // namespace novelty
