/* A wall clock that is off by as many nanoseconds as the file named by TEST_CLOCK says, at every moment anew. The time since
 * the start of the machine stays as it is, as when somebody sets the clock of a machine. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define SECOND 1000000000LL

static int64_t nothing;
static volatile int64_t *shift = &nothing;
static int (*wait_until)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);

__attribute__((constructor)) static void start(void)
{
    const char *path = getenv("TEST_CLOCK");
    int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    void *mapped = file < 0 ? MAP_FAILED : mmap(NULL, sizeof *shift, PROT_READ, MAP_SHARED, file, 0);
    if (mapped != MAP_FAILED)
        shift = mapped;
    /* Without a version the linker may find the condition variables of before 2002. */
    wait_until = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
    if (!wait_until)
        wait_until = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
}

static int64_t nanoseconds(const struct timespec *time)
{
    return time->tv_sec * SECOND + time->tv_nsec;
}

static struct timespec timespec_of(int64_t nanoseconds)
{
    return (struct timespec){nanoseconds / SECOND, nanoseconds % SECOND};
}

static int64_t machine_time(void)
{
    struct timespec now;
    syscall(SYS_clock_gettime, CLOCK_REALTIME, &now);
    return nanoseconds(&now);
}

int clock_gettime(clockid_t clock, struct timespec *time)
{
    int result = syscall(SYS_clock_gettime, clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
        *time = timespec_of(nanoseconds(time) + *shift);
    return result;
}

int gettimeofday(struct timeval *time, void *zone)
{
    (void)zone;
    struct timespec now = timespec_of(machine_time() + *shift);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *out)
{
    time_t now = (machine_time() + *shift) / SECOND;
    if (out)
        *out = now;
    return now;
}

/* Waits by the wall clock, so a step of it while waiting counts: in slices, because the kernel knows nothing of the step. */
int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    for (;;) {
        int64_t now = machine_time(), left = nanoseconds(until) - now - *shift;
        struct timespec slice = timespec_of(now + (left < SECOND / 20 ? left : SECOND / 20));
        int result = wait_until(condition, mutex, &slice);
        if (result != ETIMEDOUT || left <= 0)
            return result;
    }
}
