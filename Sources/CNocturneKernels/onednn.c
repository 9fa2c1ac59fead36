#include "nocturne_kernels.h"
const char *nk_dnn_version(void) { return ""; }
const char *nk_dnn_isa(void) { return ""; }
nk_dnn_product *nk_dnn_create(const nk_weight *weight, bool bf16, int tile_rows, int *status) {
  (void)weight; (void)bf16; (void)tile_rows; *status = 1; return NULL; }
void nk_dnn_destroy(nk_dnn_product *product) { (void)product; }
int nk_dnn_groups(const nk_dnn_product *product) { (void)product; return 0; }
int nk_dnn_run(const nk_dnn_product *product, const nk_kernels *kernels, const nk_product *tile, int group) {
  (void)product; (void)kernels; (void)tile; (void)group; return 1; }
