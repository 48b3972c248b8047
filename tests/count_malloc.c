/* Preloaded: counts the calls of malloc, calloc, realloc and aligned_alloc in the process. */
#define _GNU_SOURCE
#include <stdatomic.h>
#include <stddef.h>

extern void* __libc_malloc(size_t);
extern void* __libc_calloc(size_t, size_t);
extern void* __libc_realloc(void*, size_t);
extern void* __libc_memalign(size_t, size_t);

static atomic_long calls;

long count_malloc_calls(void) {
    return calls;
}

void* malloc(size_t size) {
    ++calls;
    return __libc_malloc(size);
}

void* calloc(size_t count, size_t size) {
    ++calls;
    return __libc_calloc(count, size);
}

void* realloc(void* block, size_t size) {
    ++calls;
    return __libc_realloc(block, size);
}

void* aligned_alloc(size_t alignment, size_t size) {
    ++calls;
    return __libc_memalign(alignment, size);
}
