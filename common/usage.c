#include <sys/mman.h>

#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "usage.h"

static int	statm = -1;
static long	page_size;

void
usage_init(void)
{
	statm = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
	page_size = sysconf(_SC_PAGESIZE);
}

uint64_t
usage_memory(void)
{
	unsigned long resident;
	char buf[128];
	ssize_t n;

	/* proc(5): size, resident, ... in pages. */
	if (statm == -1 || (n = pread(statm, buf, sizeof(buf) - 1, 0)) <= 0)
		return (0);
	buf[n] = '\0';
	if (sscanf(buf, "%*u %lu", &resident) != 1)
		return (0);
	return ((uint64_t)resident * page_size);
}

uint64_t
usage_cpu(void)
{
	struct timespec ts;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts) == -1)
		return (0);
	return ((uint64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000);
}

/* Relocations in a page that is not written to later would be lost. */
static bool
has_text_relocations(const struct dl_phdr_info *object)
{
	const ElfW(Phdr) *p = object->dlpi_phdr;
	const ElfW(Phdr) *end = p + object->dlpi_phnum;
	const ElfW(Dyn) *d;

	for (; p < end; p++) {
		if (p->p_type != PT_DYNAMIC)
			continue;
		d = (const void *)(object->dlpi_addr + p->p_vaddr);
		for (; d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_TEXTREL || (d->d_tag == DT_FLAGS &&
			    d->d_un.d_val & DF_TEXTREL))
				return (true);
	}
	return (false);
}

static int
trim(struct dl_phdr_info *object, size_t size, void *arg)
{
	const ElfW(Phdr) *p = object->dlpi_phdr;
	const ElfW(Phdr) *end = p + object->dlpi_phnum;
	uintptr_t from, to;

	(void)size;
	(void)arg;
	if (has_text_relocations(object))
		return (0);
	for (; p < end; p++) {
		if (p->p_type != PT_LOAD || p->p_flags & PF_W)
			continue;
		from = object->dlpi_addr + p->p_vaddr;
		to = from + p->p_filesz;
		from -= from % page_size;
		/* Best effort: the kernel's own vdso is no file. */
		madvise((void *)from, to - from, MADV_DONTNEED);
	}
	return (0);
}

void
usage_trim(void)
{
	dl_iterate_phdr(trim, NULL);
}
