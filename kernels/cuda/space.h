// One kernel text, two compilers: SIMT is the namespace that the CUDA part is compiled into.
//   cuda      by nvcc, for the GPU
//   emulated  by the host compiler, thread by thread on the CPU (simt_emulated.h); only tests link it
// Every header and source of the CUDA part lives in separatrix::SIMT, so that one program can hold both (one-definition rule).
#pragma once

#ifdef SEPARATRIX_EMULATED
#define SIMT emulated
#else
#define SIMT cuda
#endif
