// The machine's limit for an optimizer step: the same streams through memory, one addition each.
//
// Written on its own, for the machine that it runs on, and without a line of the library: it shares
// no loop, no scheduling and no flags with what it is the measure of.
#include <cstddef>

#ifdef _OPENMP
#include <omp.h>
#endif

namespace {

template <class F, class... W>
void add(std::ptrdiff_t begin, std::ptrdiff_t end, const F* __restrict__ read,
         W* __restrict__... written) {
#pragma omp simd
    for (std::ptrdiff_t i = begin; i < end; ++i) ((written[i] += read[i]), ...);
}

template <class F>
void add_range(int arrays, F* const* w, const F* read, std::ptrdiff_t begin, std::ptrdiff_t end) {
    switch (arrays) {
        case 1:
            return add(begin, end, read, w[0]);
        case 2:
            return add(begin, end, read, w[0], w[1]);
        case 3:
            return add(begin, end, read, w[0], w[1], w[2]);
        case 4:
            return add(begin, end, read, w[0], w[1], w[2], w[3]);
    }
}

template <class F>
void stream(int rows, const std::ptrdiff_t* counts, int arrays, F* const* written, F* const* read,
            int threads) {
#pragma omp parallel num_threads(threads)
    {
        std::ptrdiff_t part = 0, parts = 1;
#ifdef _OPENMP
        part = omp_get_thread_num();
        parts = omp_get_num_threads();
#endif
        for (int row = 0; row < rows; ++row) {
            const std::ptrdiff_t n = counts[row];
            add_range(arrays, written + row * arrays, read[row], n * part / parts,
                      n * (part + 1) / parts);
        }
    }
}

}  // namespace

extern "C" void stream_f32(int rows, const std::ptrdiff_t* counts, int arrays,
                           float* const* written, float* const* read, int threads) {
    stream(rows, counts, arrays, written, read, threads);
}

extern "C" void stream_f64(int rows, const std::ptrdiff_t* counts, int arrays,
                           double* const* written, double* const* read, int threads) {
    stream(rows, counts, arrays, written, read, threads);
}
