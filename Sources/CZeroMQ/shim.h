#include <zmq.h>
// Every libzmq since 4.3 understands it; its header names it among the drafts.
#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif
// Two calls that Swift's map of the C library lacks: the wake-up of a thread that waits in zmq_poll, and the flush of
// many files at once.
#include <sys/eventfd.h>
extern int syncfs(int descriptor);
