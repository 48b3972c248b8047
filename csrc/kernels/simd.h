// What the compilers call "vectorise this loop", "no other pointer leads here" and "prefetch".
#pragma once

#if defined(_MSC_VER) && !defined(__clang__)
#define FASTOPT_SIMD __pragma(loop(ivdep))
#define FASTOPT_RESTRICT __restrict
#define FASTOPT_PREFETCH(address) static_cast<void>(address)
#else
#define FASTOPT_SIMD _Pragma("omp simd")
#define FASTOPT_RESTRICT __restrict__
#define FASTOPT_PREFETCH(address) __builtin_prefetch(address)
#endif
