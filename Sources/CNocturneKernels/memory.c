/* Memory for weights and activations, and each thread's scratch. */
#include <pthread.h>
#include <stdlib.h>

#include "nocturne_kernels.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

void *nk_allocate(size_t bytes) {
  /* From here on a page fault and a TLB entry for each 4 KiB cost more than rounding up to 2 MiB does. */
  const size_t huge = (size_t)2 << 20;
  const size_t alignment = bytes >= 2 * huge ? huge : 64;
  void *memory = NULL;
  if (posix_memalign(&memory, alignment, bytes ? bytes : 1) != 0) return NULL;
#ifdef MADV_HUGEPAGE
  if (alignment == huge) (void)madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

void nk_release(void *memory) { free(memory); }

static _Atomic(nk_refusal) refusal;

void nk_on_refusal(nk_refusal handler) { refusal = handler; }

void nk_refuse(size_t bytes) {
  const nk_refusal handler = refusal;
  if (handler) handler(bytes);
  abort();
}

typedef struct {
  void *memory[NK_SCRATCH_SLOTS];
  size_t bytes[NK_SCRATCH_SLOTS];
} scratch;

static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void release_scratch(void *value) {
  scratch *s = value;
  for (int slot = 0; slot < NK_SCRATCH_SLOTS; slot++) nk_release(s->memory[slot]);
  free(s);
}

static void make_key(void) {
  if (pthread_key_create(&key, release_scratch) != 0) abort();
}

void *nk_scratch(int slot, size_t bytes) {
  static _Thread_local scratch *mine;
  if (!mine) {
    pthread_once(&once, make_key);
    mine = calloc(1, sizeof *mine);
    if (!mine || pthread_setspecific(key, mine) != 0) nk_refuse(sizeof *mine);
  }
  if (mine->bytes[slot] < bytes) {
    nk_release(mine->memory[slot]);
    mine->bytes[slot] = bytes + bytes / 4;
    mine->memory[slot] = nk_allocate(mine->bytes[slot]);
    if (!mine->memory[slot]) nk_refuse(mine->bytes[slot]);
  }
  return mine->memory[slot];
}
