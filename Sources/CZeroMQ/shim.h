#include <zmq.h>
// Two calls that Swift's map of the C library lacks: the wake-up of a thread that waits in zmq_poll, and the flush of
// many files at once.
#include <sys/eventfd.h>
extern int syncfs(int descriptor);
