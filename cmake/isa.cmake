# The instruction sets that kernels are compiled for, from the narrowest to the widest, and the only
# place that lists them. csrc/runtime/isa.cpp asks the CPU about each by name: cpu_runs_<name>().
#
# fastopt_add_isa(name GNU flags... MSVC flags...)

fastopt_add_isa(baseline)

if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$"
   AND NOT CMAKE_OSX_ARCHITECTURES MATCHES "arm64")
  fastopt_add_isa(avx2 GNU -mavx2 MSVC /arch:AVX2)
  fastopt_add_isa(
    avx512
    GNU -mavx512f -mavx512bw -mavx512dq -mavx512vl -mprefer-vector-width=512
    MSVC /arch:AVX512)
endif()
