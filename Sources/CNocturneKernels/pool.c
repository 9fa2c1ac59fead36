/* A few threads that share out the tiles of one operation at a time. Each has a run of neighbours, so that what it asks
 * memory for ahead of a tile's end is its own next one, and what an operation left in its cache is what the next one
 * begins with; who is done helps the others.
 *
 * An operation takes from tens of microseconds to some hundred milliseconds, and one follows the other closely; so a
 * thread without work looks for more a little while before it sleeps. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "nocturne_kernels.h"

#ifdef __x86_64__
#include <xmmintrin.h>
static unsigned flush_denormals(void) {
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
  return before;
}
static void restore_denormals(unsigned before) { _mm_setcsr(before); }
static void relax(void) { _mm_pause(); }
#elif defined(__aarch64__)
static uint64_t flush_denormals(void) {
  uint64_t before;
  __asm__ volatile("mrs %0, fpcr" : "=r"(before));
  __asm__ volatile("msr fpcr, %0" : : "r"(before | (uint64_t)1 << 24));
  return before;
}
static void restore_denormals(uint64_t before) { __asm__ volatile("msr fpcr, %0" : : "r"(before)); }
static void relax(void) { __asm__ volatile("yield"); }
#else
static int flush_denormals(void) { return 0; }
static void restore_denormals(int before) { (void)before; }
static void relax(void) {}
#endif

/* oneDNN may be built on OpenMP, which counts its threads for each calling thread: one, inside a tile. */
extern void omp_set_num_threads(int) __attribute__((weak));
static void compute_alone(void) {
  if (omp_set_num_threads) omp_set_num_threads(1);
}

enum { LOOKS = 4000 };

/* The tiles of one thread that nobody has taken yet, in a line of its own. */
typedef struct {
  _Alignas(64) atomic_size_t next;
  size_t end;
} run_of_tiles;

typedef struct {
  nk_pool *pool;
  pthread_t thread;
  int place; /* of its run; the caller's is 0 */
} helper;

struct nk_pool {
  pthread_mutex_t mutex;
  pthread_cond_t work, done;
  /* Guarded by the mutex. */
  const void *job;           /* NULL: nothing to join */
  nk_task task;
  void *context;
  int helping;               /* threads inside the job, besides its caller */
  int sleeping;
  bool waiting;              /* the caller sleeps until helping is 0 */
  bool closing;
  /* Read without it. */
  atomic_uint generation;
  atomic_int busy;           /* mirror of `helping` for the caller's looks */
  atomic_flag taken;
  int threads;               /* started ones */
  run_of_tiles *runs;        /* one more */
  helper helpers[];
};

static void take_tiles(nk_pool *pool, nk_task task, void *context, int place) {
  const int runs = pool->threads + 1;
  for (int other = 0; other < runs; other++) {
    run_of_tiles *run = &pool->runs[(place + other) % runs];
    size_t i;
    while ((i = atomic_fetch_add_explicit(&run->next, 1, memory_order_relaxed)) < run->end) task(context, i);
  }
}

static void *work(void *argument) {
  const helper *self = argument;
  nk_pool *pool = self->pool;
  (void)flush_denormals();
  compute_alone();
  unsigned seen = 0;
  for (;;) {
    for (int look = 0; look < LOOKS && atomic_load_explicit(&pool->generation, memory_order_acquire) == seen; look++)
      relax();
    pthread_mutex_lock(&pool->mutex);
    while (!pool->closing && atomic_load(&pool->generation) == seen) {
      pool->sleeping++;
      pthread_cond_wait(&pool->work, &pool->mutex);
      pool->sleeping--;
    }
    if (pool->closing) break;
    seen = atomic_load(&pool->generation);
    if (!pool->job) {
      pthread_mutex_unlock(&pool->mutex);
      continue;
    }
    pool->helping++;
    atomic_fetch_add(&pool->busy, 1);
    const nk_task task = pool->task;
    void *context = pool->context;
    pthread_mutex_unlock(&pool->mutex);

    take_tiles(pool, task, context, self->place);

    pthread_mutex_lock(&pool->mutex);
    pool->helping--;
    atomic_fetch_sub(&pool->busy, 1);
    if (pool->helping == 0 && pool->waiting) pthread_cond_signal(&pool->done);
    pthread_mutex_unlock(&pool->mutex);
  }
  pthread_mutex_unlock(&pool->mutex);
  return NULL;
}

nk_pool *nk_pool_create(int threads) {
  const int helpers = threads > 1 ? threads - 1 : 0;
  nk_pool *pool = calloc(1, sizeof *pool + (size_t)helpers * sizeof(helper));
  if (!pool) return NULL;
  pool->runs = aligned_alloc(64, ((size_t)helpers + 1) * sizeof(run_of_tiles));
  if (!pool->runs) {
    free(pool);
    return NULL;
  }
  pthread_mutex_init(&pool->mutex, NULL);
  pthread_cond_init(&pool->work, NULL);
  pthread_cond_init(&pool->done, NULL);
  atomic_flag_clear(&pool->taken);
  for (; pool->threads < helpers; pool->threads++) {
    helper *next = &pool->helpers[pool->threads];
    *next = (helper){.pool = pool, .place = pool->threads + 1};
    if (pthread_create(&next->thread, NULL, work, next) != 0) {
      nk_pool_destroy(pool);
      return NULL;
    }
  }
  return pool;
}

void nk_pool_destroy(nk_pool *pool) {
  pthread_mutex_lock(&pool->mutex);
  pool->closing = true;
  pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);
  for (int i = 0; i < pool->threads; i++) pthread_join(pool->helpers[i].thread, NULL);
  pthread_cond_destroy(&pool->work);
  pthread_cond_destroy(&pool->done);
  pthread_mutex_destroy(&pool->mutex);
  free(pool->runs);
  free(pool);
}

static void share_out(nk_pool *pool, size_t count, void *context, nk_task task) {
  pthread_mutex_lock(&pool->mutex);
  pool->job = pool;
  pool->task = task;
  pool->context = context;
  const size_t runs = (size_t)pool->threads + 1;
  for (size_t i = 0, first = 0; i < runs; first = pool->runs[i++].end) {
    atomic_store_explicit(&pool->runs[i].next, first, memory_order_relaxed);
    pool->runs[i].end = count / runs * (i + 1) + count % runs * (i + 1) / runs;
  }
  atomic_fetch_add_explicit(&pool->generation, 1, memory_order_release);
  if (pool->sleeping) pthread_cond_broadcast(&pool->work);
  pthread_mutex_unlock(&pool->mutex);

  take_tiles(pool, task, context, 0);

  pthread_mutex_lock(&pool->mutex);
  pool->job = NULL; /* nobody joins any more */
  if (pool->helping) {
    pthread_mutex_unlock(&pool->mutex);
    for (int look = 0; look < LOOKS && atomic_load_explicit(&pool->busy, memory_order_acquire); look++) relax();
    pthread_mutex_lock(&pool->mutex);
    pool->waiting = true;
    while (pool->helping) pthread_cond_wait(&pool->done, &pool->mutex);
    pool->waiting = false;
  }
  pthread_mutex_unlock(&pool->mutex);
}

void nk_pool_run(nk_pool *pool, size_t count, void *context, nk_task task) {
  if (count == 0) return;
  const __auto_type before = flush_denormals();
  if (count > 1 && pool->threads && !atomic_flag_test_and_set(&pool->taken)) {
    share_out(pool, count, context, task);
    atomic_flag_clear(&pool->taken);
  } else {
    for (size_t i = 0; i < count; i++) task(context, i);
  }
  restore_denormals(before);
}
