#include "daemon/resident.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

static int
keep(struct dl_phdr_info *object, size_t bytes, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), from, to;
	uint64_t *left = arg;
	int i;

	(void)bytes;
	for (i = 0; i < object->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &object->dlpi_phdr[i];

		if (p->p_type != PT_LOAD || (p->p_flags & PF_W) != 0)
			continue;
		from = (object->dlpi_addr + p->p_vaddr) / page * page;
		to = object->dlpi_addr + p->p_vaddr + p->p_memsz;
		if (mlock((const void *)from, to - from) != 0)
			*left += to - from;
	}
	return 0;
}

uint64_t
resident_code(void)
{
	uint64_t left = 0;

	dl_iterate_phdr(keep, &left);
	return left;
}
