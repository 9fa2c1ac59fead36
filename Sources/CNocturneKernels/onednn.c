/* Products through oneDNN 2.x or 3.x: matrix products of one fixed tile, weights in oneDNN's own layout. */
#include <dnnl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nocturne_kernels.h"

/* 3.x made memory descriptors opaque handles and merged operation and primitive descriptors. */
#if DNNL_VERSION_MAJOR >= 3
typedef const_dnnl_memory_desc_t description;
static dnnl_status_t describe(dnnl_memory_desc_t *made, const dnnl_dims_t dims, dnnl_data_type_t type,
                              const dnnl_dims_t strides) {
  return strides ? dnnl_memory_desc_create_with_strides(made, 2, dims, type, strides)
                 : dnnl_memory_desc_create_with_tag(made, 2, dims, type, dnnl_format_tag_any);
}
static void forget(dnnl_memory_desc_t made) { dnnl_memory_desc_destroy(made); }
#define DESCRIPTION(made) (made)
static dnnl_status_t describe_product(dnnl_primitive_desc_t *made, description a, description w, description out,
                                      const_dnnl_primitive_attr_t attributes, dnnl_engine_t engine) {
  return dnnl_matmul_primitive_desc_create(made, engine, a, w, NULL, out, attributes);
}
static dnnl_status_t append_sum(dnnl_post_ops_t operations) {
  return dnnl_post_ops_append_sum(operations, 1.0f, 0, dnnl_data_type_undef);
}
#else
typedef const dnnl_memory_desc_t *description;
static dnnl_status_t describe(dnnl_memory_desc_t *made, const dnnl_dims_t dims, dnnl_data_type_t type,
                              const dnnl_dims_t strides) {
  return strides ? dnnl_memory_desc_init_by_strides(made, 2, dims, type, strides)
                 : dnnl_memory_desc_init_by_tag(made, 2, dims, type, dnnl_format_tag_any);
}
static void forget(dnnl_memory_desc_t made) { (void)made; }
#define DESCRIPTION(made) (&(made))
static dnnl_status_t describe_product(dnnl_primitive_desc_t *made, description a, description w, description out,
                                      const_dnnl_primitive_attr_t attributes, dnnl_engine_t engine) {
  dnnl_matmul_desc_t operation;
  const dnnl_status_t status = dnnl_matmul_desc_init(&operation, a, w, NULL, out);
  return status ? status : dnnl_primitive_desc_create(made, &operation, attributes, engine, NULL);
}
static dnnl_status_t append_sum(dnnl_post_ops_t operations) { return dnnl_post_ops_append_sum(operations, 1.0f); }
#endif

#define TRY(call)                                \
  do {                                           \
    const dnnl_status_t status_ = (call);        \
    if (status_ != dnnl_success) return status_; \
  } while (0)

/* Columns of one primitive: enough work for one call, few enough that threads can share a layer out. */
enum { GROUP = 256 };

typedef struct {
  int columns;
  dnnl_primitive_t product;
  dnnl_primitive_desc_t description; /* owns what the three below point at */
  description a, out, scratch;
  size_t scratch_bytes;
  dnnl_memory_t *weights; /* one for each tap */
} group;

struct nk_dnn_product {
  int tile_rows, taps, groups;
  size_t element; /* bytes of a prepared element */
  group group[];
};

extern void omp_set_num_threads(int) __attribute__((weak));

static dnnl_engine_t engine;
static dnnl_status_t engine_status;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void make_engine(void) { engine_status = dnnl_engine_create(&engine, dnnl_cpu, 0); }

/* Threads share out tiles among themselves; inside one, oneDNN works alone, and plans for that when created. */
static dnnl_status_t enter(dnnl_stream_t *stream) {
  static _Thread_local dnnl_stream_t mine;
  pthread_once(&once, make_engine);
  if (engine_status != dnnl_success) return engine_status;
  if (omp_set_num_threads) omp_set_num_threads(1);
  if (!mine) TRY(dnnl_stream_create(&mine, engine, dnnl_stream_default_flags));
  *stream = mine;
  return dnnl_success;
}

const char *nk_dnn_version(void) {
  static char text[32];
  const dnnl_version_t *version = dnnl_version();
  snprintf(text, sizeof text, "%d.%d.%d", version->major, version->minor, version->patch);
  return text;
}

const char *nk_dnn_isa(void) {
  const unsigned isa = (unsigned)dnnl_get_effective_cpu_isa();
  /* Each set holds the bits of those below it. */
  static const struct { unsigned isa; const char *name; } sets[] = {
      {dnnl_cpu_isa_avx512_core_amx, "avx512_core_amx"},   {dnnl_cpu_isa_avx512_core_bf16, "avx512_core_bf16"},
      {dnnl_cpu_isa_avx512_core_vnni, "avx512_core_vnni"}, {dnnl_cpu_isa_avx512_core, "avx512_core"},
      {dnnl_cpu_isa_avx2, "avx2"},                         {dnnl_cpu_isa_sse41, "sse41"},
  };
  for (size_t i = 0; i < sizeof sets / sizeof *sets; i++)
    if ((isa & sets[i].isa) == sets[i].isa) return sets[i].name;
  return "any";
}

static dnnl_status_t make_attributes(int taps, dnnl_primitive_attr_t *attributes) {
  TRY(dnnl_primitive_attr_create(attributes));
  TRY(dnnl_primitive_attr_set_scratchpad_mode(*attributes, dnnl_scratchpad_mode_user));
  if (taps == 1) return dnnl_success;
  /* Each tap adds to what the taps before it left. */
  dnnl_post_ops_t operations;
  TRY(dnnl_post_ops_create(&operations));
  dnnl_status_t status = append_sum(operations);
  if (!status) status = dnnl_primitive_attr_set_post_ops(*attributes, operations);
  dnnl_post_ops_destroy(operations);
  return status;
}

static dnnl_status_t pack_tap(const nk_weight *weight, int tap, int first, const group *g, description packed,
                              dnnl_stream_t stream, dnnl_memory_t *made) {
  dnnl_memory_desc_t plain;
  const dnnl_dims_t dims = {weight->inputs, g->columns}, strides = {weight->input_step, weight->output_step};
  TRY(describe(&plain, dims, dnnl_f32, strides));
  TRY(dnnl_memory_create(made, packed, engine, DNNL_MEMORY_ALLOCATE));
  dnnl_memory_t source = NULL;
  dnnl_primitive_desc_t order = NULL;
  dnnl_primitive_t reorder = NULL;
  const float *from = weight->w + first * weight->output_step + tap * weight->tap_step;
  dnnl_status_t status = dnnl_memory_create(&source, DESCRIPTION(plain), engine, (void *)(uintptr_t)from);
  if (!status) status = dnnl_reorder_primitive_desc_create(&order, DESCRIPTION(plain), engine, packed, engine, NULL);
  if (!status) status = dnnl_primitive_create(&reorder, order);
  if (!status) {
    const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, *made}};
    status = dnnl_primitive_execute(reorder, stream, 2, arguments);
    if (!status) status = dnnl_stream_wait(stream);
  }
  dnnl_primitive_destroy(reorder);
  dnnl_primitive_desc_destroy(order);
  dnnl_memory_destroy(source);
  forget(plain);
  return status;
}

static dnnl_status_t make_group(const nk_weight *weight, bool bf16, int tile_rows, ptrdiff_t a_row, int first,
                                group *g) {
  dnnl_stream_t stream;
  TRY(enter(&stream));
  const dnnl_data_type_t type = bf16 ? dnnl_bf16 : dnnl_f32;
  const dnnl_dims_t a_dims = {tile_rows, weight->inputs}, w_dims = {weight->inputs, g->columns},
                    out_dims = {tile_rows, g->columns}, a_strides = {a_row, 1}, out_strides = {g->columns, 1};
  dnnl_memory_desc_t a, w, out;
  TRY(describe(&a, a_dims, type, a_strides));
  TRY(describe(&w, w_dims, type, NULL));
  TRY(describe(&out, out_dims, dnnl_f32, out_strides));
  dnnl_primitive_attr_t attributes = NULL;
  dnnl_status_t status = make_attributes(weight->taps, &attributes);
  if (!status)
    status = describe_product(&g->description, DESCRIPTION(a), DESCRIPTION(w), DESCRIPTION(out), attributes, engine);
  dnnl_primitive_attr_destroy(attributes);
  forget(a);
  forget(w);
  forget(out);
  TRY(status);
  TRY(dnnl_primitive_create(&g->product, g->description));
  g->a = dnnl_primitive_desc_query_md(g->description, dnnl_query_src_md, 0);
  g->out = dnnl_primitive_desc_query_md(g->description, dnnl_query_dst_md, 0);
  g->scratch = dnnl_primitive_desc_query_md(g->description, dnnl_query_scratchpad_md, 0);
  g->scratch_bytes = g->scratch ? dnnl_memory_desc_get_size(g->scratch) : 0;
  const description packed = dnnl_primitive_desc_query_md(g->description, dnnl_query_weights_md, 0);
  for (int t = 0; t < weight->taps; t++) TRY(pack_tap(weight, t, first, g, packed, stream, &g->weights[t]));
  return dnnl_success;
}

nk_dnn_product *nk_dnn_create(const nk_weight *weight, bool bf16, int tile_rows, ptrdiff_t a_row, int *status) {
  const int groups = (weight->outputs + GROUP - 1) / GROUP;
  nk_dnn_product *product = calloc(1, sizeof *product + (size_t)groups * sizeof(group));
  *status = product ? dnnl_success : dnnl_out_of_memory;
  if (!product) return NULL;
  product->tile_rows = tile_rows;
  product->taps = weight->taps;
  product->element = bf16 ? 2 : 4;
  for (; product->groups < groups && *status == dnnl_success; product->groups++) {
    group *g = &product->group[product->groups];
    const int first = product->groups * GROUP;
    g->columns = weight->outputs - first < GROUP ? weight->outputs - first : GROUP;
    g->weights = calloc((size_t)weight->taps + 1, sizeof *g->weights);
    *status = g->weights ? (int)make_group(weight, bf16, tile_rows, a_row, first, g) : (int)dnnl_out_of_memory;
  }
  if (*status == dnnl_success) return product;
  nk_dnn_destroy(product);
  return NULL;
}

void nk_dnn_destroy(nk_dnn_product *product) {
  for (int i = 0; i < product->groups; i++) {
    group *g = &product->group[i];
    for (int t = 0; g->weights && t < product->taps; t++) dnnl_memory_destroy(g->weights[t]);
    free(g->weights);
    dnnl_primitive_destroy(g->product);
    dnnl_primitive_desc_destroy(g->description);
  }
  free(product);
}

int nk_dnn_groups(const nk_dnn_product *product) { return product->groups; }

static dnnl_status_t run_tap(const group *g, dnnl_stream_t stream, const void *a, dnnl_memory_t weights,
                             dnnl_memory_t out, dnnl_memory_t scratch) {
  dnnl_memory_t source;
  TRY(dnnl_memory_create(&source, g->a, engine, (void *)(uintptr_t)a));
  const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_SRC, source}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, out},
                                       {DNNL_ARG_SCRATCHPAD, scratch}};
  const dnnl_status_t status = dnnl_primitive_execute(g->product, stream, scratch ? 4 : 3, arguments);
  dnnl_memory_destroy(source);
  return status;
}

int nk_dnn_run(const nk_dnn_product *product, const nk_kernels *kernels, const nk_product *tile, int index) {
  const group *g = &product->group[index];
  dnnl_stream_t stream;
  TRY(enter(&stream));
  const size_t raw_bytes = (size_t)product->tile_rows * (size_t)g->columns * 4;
  char *raw = nk_scratch(NK_SCRATCH_KEYS, (raw_bytes + 63) / 64 * 64 + g->scratch_bytes);
  if (product->taps != 1) memset(raw, 0, raw_bytes);
  dnnl_memory_t out = NULL, scratch = NULL;
  dnnl_status_t status = dnnl_memory_create(&out, g->out, engine, raw);
  if (!status && g->scratch_bytes)
    status = dnnl_memory_create(&scratch, g->scratch, engine, raw + (raw_bytes + 63) / 64 * 64);
  for (int t = 0; t < product->taps && !status; t++)
    status = run_tap(g, stream, (const char *)tile->a + t * tile->a_tap * (ptrdiff_t)product->element, g->weights[t],
                     out, scratch);
  if (!status) status = dnnl_stream_wait(stream);
  dnnl_memory_destroy(scratch);
  dnnl_memory_destroy(out);
  if (status) return status;
  nk_finish finish = tile->finish;
  const int first = index * GROUP;
  finish.out += first;
  if (finish.bias) finish.bias += first;
  if (finish.residual) finish.residual += first;
  kernels->finish((const float *)raw, g->columns, tile->rows, g->columns, &finish);
  return dnnl_success;
}
