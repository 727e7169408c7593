#include "collect/packages/go_build_info.h"

#include <elf.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/auto.h"

#define HEADERS_MAX 4096
#define NAMES_MAX (64u << 10)
#define TEXT_MAX (4u << 20)

#if __BYTE_ORDER == __LITTLE_ENDIAN
#define OUR_ORDER ELFDATA2LSB
#else
#define OUR_ORDER ELFDATA2MSB
#endif

/* Of either class, as the wide one. */
struct elf {
	int fd;
	bool wide;
	uint64_t sections, segments; /* where their headers are */
	unsigned n_sections, n_segments, names;
};

static bool
reads(int fd, void *ret, size_t size, uint64_t offset)
{
	return offset <= INT64_MAX &&
	       pread(fd, ret, size, (off_t)offset) == (ssize_t)size;
}

static bool
is_elf(struct elf *elf)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	if (!reads(elf->fd, &wide, sizeof(wide), 0) ||
	    memcmp(wide.e_ident, ELFMAG, SELFMAG) != 0 ||
	    wide.e_ident[EI_DATA] != OUR_ORDER)
		return false;
	elf->wide = wide.e_ident[EI_CLASS] == ELFCLASS64;
	memcpy(&narrow, &wide, sizeof(narrow));
	elf->sections = elf->wide ? wide.e_shoff : narrow.e_shoff;
	elf->segments = elf->wide ? wide.e_phoff : narrow.e_phoff;
	elf->n_sections = elf->wide ? wide.e_shnum : narrow.e_shnum;
	elf->n_segments = elf->wide ? wide.e_phnum : narrow.e_phnum;
	elf->names = elf->wide ? wide.e_shstrndx : narrow.e_shstrndx;
	return elf->n_sections <= HEADERS_MAX &&
	       elf->n_segments <= HEADERS_MAX && elf->names < elf->n_sections;
}

static void
widen(const Elf32_Shdr *from, Elf64_Shdr *to)
{
	*to = (Elf64_Shdr){ .sh_name = from->sh_name,
			    .sh_type = from->sh_type,
			    .sh_offset = from->sh_offset,
			    .sh_size = from->sh_size };
}

/* All of them in one read; for the caller to free(3). */
static Elf64_Shdr *
read_sections(const struct elf *elf)
{
	size_t size = elf->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr);
	autofree unsigned char *raw = malloc(elf->n_sections * size);
	Elf64_Shdr *all = calloc(elf->n_sections, sizeof(*all));

	if (raw == NULL || all == NULL ||
	    !reads(elf->fd, raw, elf->n_sections * size, elf->sections)) {
		free(all);
		return NULL;
	}
	for (size_t i = 0; i < elf->n_sections; i++) {
		Elf32_Shdr narrow;

		if (elf->wide) {
			memcpy(&all[i], raw + i * size, size);
			continue;
		}
		memcpy(&narrow, raw + i * size, size);
		widen(&narrow, &all[i]);
	}
	return all;
}

static bool
find_section(const struct elf *elf, const char *name, Elf64_Shdr *ret)
{
	autofree Elf64_Shdr *all = read_sections(elf);
	autofree char *names = NULL;
	size_t len;

	if (all == NULL)
		return false;
	len = all[elf->names].sh_size < NAMES_MAX ? all[elf->names].sh_size
						  : NAMES_MAX;
	names = calloc(1, len + 1);
	if (names == NULL ||
	    !reads(elf->fd, names, len, all[elf->names].sh_offset))
		return false;
	for (size_t i = 0; i < elf->n_sections; i++) {
		if (all[i].sh_name < len && all[i].sh_type != SHT_NOBITS &&
		    strcmp(names + all[i].sh_name, name) == 0) {
			*ret = all[i];
			return true;
		}
	}
	return false;
}

/* --- strings that stand in the section (Go 1.18 and later)
 * --------------------
 */

/* Bytes, with a NUL behind them. */
struct text {
	char *bytes;
	size_t len;
};

/* A length as a varint, and as many bytes. */
static void
take_text(const unsigned char **at, const unsigned char *end, struct text *ret)
{
	uint64_t len = 0;
	unsigned shift = 0;

	while (*at < end && (**at & 0x80) != 0 && shift < 56) {
		len |= (uint64_t)(*(*at)++ & 0x7f) << shift;
		shift += 7;
	}
	if (*at == end)
		return;
	len |= (uint64_t)(*(*at)++ & 0x7f) << shift;
	if (len > (uint64_t)(end - *at))
		return;
	ret->bytes = calloc(1, (size_t)len + 1);
	if (ret->bytes == NULL)
		return;
	memcpy(ret->bytes, *at, (size_t)len);
	ret->len = (size_t)len;
	*at += len;
}

static void
take_both(const struct elf *elf, const Elf64_Shdr *section,
	  struct text *ret_version, struct text *ret_modules)
{
	size_t len = section->sh_size < TEXT_MAX ? section->sh_size : TEXT_MAX;
	autofree unsigned char *data = malloc(len);
	const unsigned char *at = data;

	if (data == NULL || len < 32 ||
	    !reads(elf->fd, data, len, section->sh_offset))
		return;
	at = data + 32;
	take_text(&at, data + len, ret_version);
	if (ret_version->bytes != NULL)
		take_text(&at, data + len, ret_modules);
}

/* --- strings that it points to (before)
 * ---------------------------------------
 */

static bool
reads_address(const struct elf *elf, void *ret, size_t size, uint64_t address)
{
	for (size_t i = 0; i < elf->n_segments; i++) {
		Elf64_Phdr wide = { 0 };
		Elf32_Phdr narrow;

		if (elf->wide && !reads(elf->fd, &wide, sizeof(wide),
					elf->segments + i * sizeof(wide)))
			return false;
		if (!elf->wide) {
			if (!reads(elf->fd, &narrow, sizeof(narrow),
				   elf->segments + i * sizeof(narrow)))
				return false;
			wide.p_type = narrow.p_type;
			wide.p_vaddr = narrow.p_vaddr;
			wide.p_offset = narrow.p_offset;
			wide.p_filesz = narrow.p_filesz;
		}
		if (wide.p_type == PT_LOAD && address >= wide.p_vaddr &&
		    address - wide.p_vaddr < wide.p_filesz &&
		    size <= wide.p_filesz - (address - wide.p_vaddr))
			return reads(elf->fd, ret, size,
				     wide.p_offset + (address - wide.p_vaddr));
	}
	return false;
}

static bool
reads_word(const struct elf *elf, uint64_t *ret, uint64_t address)
{
	uint32_t narrow;

	if (elf->wide)
		return reads_address(elf, ret, sizeof(*ret), address);
	if (!reads_address(elf, &narrow, sizeof(narrow), address))
		return false;
	*ret = narrow;
	return true;
}

/* A string of Go's: where its bytes are, and how many. */
static void
follow_text(const struct elf *elf, uint64_t address, struct text *ret)
{
	uint64_t bytes, len;

	if (!reads_word(elf, &bytes, address) ||
	    !reads_word(elf, &len, address + (elf->wide ? 8 : 4)) ||
	    len > TEXT_MAX)
		return;
	ret->bytes = calloc(1, (size_t)len + 1);
	ret->len = (size_t)len;
	if (ret->bytes != NULL &&
	    !reads_address(elf, ret->bytes, (size_t)len, bytes)) {
		free(ret->bytes);
		ret->bytes = NULL;
	}
}

static void
follow_both(const struct elf *elf, const unsigned char head[32],
	    struct text *ret_version, struct text *ret_modules)
{
	uint64_t wide[2];
	uint32_t narrow[2];

	if (head[14] != (elf->wide ? 8 : 4))
		return;
	memcpy(wide, head + 16, sizeof(wide));
	memcpy(narrow, head + 16, sizeof(narrow));
	follow_text(elf, elf->wide ? wide[0] : narrow[0], ret_version);
	if (ret_version->bytes != NULL)
		follow_text(elf, elf->wide ? wide[1] : narrow[1], ret_modules);
}

/* The list stands between two marks of 16 bytes, by which it is found in
 * memory; they are no text. */
static void
strip_marks(struct text *modules)
{
	char *at = modules->bytes;

	if (modules->len < 33 || at[modules->len - 17] != '\n') {
		at[0] = '\0';
		return;
	}
	modules->len -= 32;
	memmove(at, at + 16, modules->len);
	at[modules->len] = '\0';
	while ((at = memchr(at, '\0',
			    (size_t)(modules->bytes + modules->len - at))) !=
	       NULL)
		*at = '\x01';
}

int
firn_go_build_info(int fd, char **ret_version, char **ret_modules,
		   struct firn_err *err)
{
	struct text version = { 0 }, modules = { 0 };
	struct elf elf = { .fd = fd };
	unsigned char head[32];
	Elf64_Shdr section;

	if (!is_elf(&elf) || !find_section(&elf, ".go.buildinfo", &section) ||
	    section.sh_size < sizeof(head) ||
	    !reads(fd, head, sizeof(head), section.sh_offset) ||
	    memcmp(head, "\xff Go buildinf:", 14) != 0)
		return 0;
	if ((head[15] & 2) != 0)
		take_both(&elf, &section, &version, &modules);
	else
		follow_both(&elf, head, &version, &modules);
	*ret_version = version.bytes;
	*ret_modules = modules.bytes;
	if (version.bytes == NULL || modules.bytes == NULL)
		return firn_err_set(err, EBADMSG,
				    "Go's build info can't be read");
	strip_marks(&modules);
	return 1;
}
