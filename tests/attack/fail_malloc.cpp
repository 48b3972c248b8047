// Preloaded: has one allocation of pyfastopt's own code fail, that of a given number.
//
// Those of Python, NumPy and OpenMP succeed, for not all of these can bear it. Which code asks is
// told by where the call returns to; what the C++ library asks for while a number is set, it asks
// for on our behalf.
#include <dlfcn.h>
#include <malloc.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <new>

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);
}

namespace {

std::atomic<long> chosen{0};  // 0: none
std::atomic<long> seen{0};

bool is_ours(const void* caller) {
    Dl_info info;
    if (dladdr(caller, &info) == 0 || info.dli_fname == nullptr) return false;
    const char* slash = std::strrchr(info.dli_fname, '/');
    const char* name = slash == nullptr ? info.dli_fname : slash + 1;
    for (const char* ours : {"libfastopt.", "_core.", "libstdc++."})
        if (std::strncmp(name, ours, std::strlen(ours)) == 0) return true;
    return false;
}

bool fails(const void* caller) {
    return chosen != 0 && is_ours(caller) && ++seen == chosen;
}

}  // namespace

#define FAILS_HERE fails(__builtin_return_address(0))

extern "C" {

// From now on the allocation of this number fails.
void fail_malloc_at(long number) {
    seen = 0;
    chosen = number;
}

// How many allocations there were since; from now on none fails.
long fail_malloc_stop() {
    chosen = 0;
    return seen;
}

// The bytes that are allocated.
std::size_t fail_malloc_in_use() {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void* malloc(std::size_t size) {
    return FAILS_HERE ? nullptr : __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
    return FAILS_HERE ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) {
    return FAILS_HERE ? nullptr : __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return FAILS_HERE ? nullptr : __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    void* found = FAILS_HERE ? nullptr : __libc_memalign(alignment, size);
    if (found != nullptr) *block = found;
    return found == nullptr ? ENOMEM : 0;
}

}  // extern "C"

void* operator new(std::size_t size) {
    void* found = FAILS_HERE ? nullptr : __libc_malloc(size == 0 ? 1 : size);
    if (found == nullptr) throw std::bad_alloc();
    return found;
}

void* operator new(std::size_t size, std::align_val_t alignment) {
    void* found = FAILS_HERE ? nullptr : __libc_memalign(static_cast<std::size_t>(alignment), size);
    if (found == nullptr) throw std::bad_alloc();
    return found;
}
