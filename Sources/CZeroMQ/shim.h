#include <zmq.h>
// Not in Swift's map of the C library; the wake-up of a thread that waits in zmq_poll.
#include <sys/eventfd.h>
